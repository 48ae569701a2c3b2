"""What is refused where dispatch begins, before anything is read or sent."""

import polars as pl
import pytest

from retention_kit.delivery import Journal, SendMessage, dispatch
from retention_kit.errors import DefinitionError
from retention_kit.testing.channels import MemoryChannel


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("actions", SendMessage(campaign="x", customer_id=1, text="Hi")),
        ("actions", pl.DataFrame({"customer_id": [1]})),
        ("actions", None),
        ("channel", "amocrm"),
        ("journal", "journal.db"),
    ],
)
def test_arguments_of_another_kind_are_refused_with_the_next_step(name, given):
    with Journal("sqlite://") as journal:
        arguments = {"actions": [], "channel": MemoryChannel(), "journal": journal, name: given}
        with pytest.raises(DefinitionError, match=f"'{name}' is '{type(given).__name__}'.*Next"):
            dispatch(**arguments)
