"""An audit that several tests read."""

import pytest

from retention_kit.audit import Audit, audit
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail


@pytest.fixture(scope="session")
def real_audit() -> Audit:
    return audit(online_retail(), as_of=ONLINE_RETAIL_AS_OF)
