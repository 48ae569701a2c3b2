"""What a till is reached with."""

import pydantic


class TeahouseSettings(pydantic.BaseModel):
    """Settings of one teahouse.

    Attributes:
        base_url: Where the till listens.
        till_key: The key that its owner gave.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str
    till_key: pydantic.SecretStr
