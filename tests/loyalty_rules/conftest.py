"""The nightly profile of Hypothesis, chosen by the environment.

`HYPOTHESIS_PROFILE=nightly` draws thousands of cases.
"""

import os

from hypothesis import settings

settings.register_profile("nightly", parent=settings.get_profile("modest"), max_examples=400)
if os.environ.get("HYPOTHESIS_PROFILE") == "nightly":
    settings.load_profile("nightly")
