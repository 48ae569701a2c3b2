"""What a till is reached with, and what can be done with one."""

import pydantic

from retention_kit.delivery import Capabilities, Window

LIMITS = (Window(20, 1.0),)
"""The till answers twenty requests a second."""

CAPABILITIES = Capabilities(
    actions=frozenset({"send_message"}),
    max_rows=50,
    limits=LIMITS,
    # The till knows a message by its id, and takes it once.
    idempotent="action",
    lookup=True,
    identifiers=frozenset({"phone"}),
)


class TeahouseSettings(pydantic.BaseModel):
    """Settings of one teahouse.

    Attributes:
        base_url: Where the till listens.
        till_key: The key that its owner gave.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str
    till_key: pydantic.SecretStr
