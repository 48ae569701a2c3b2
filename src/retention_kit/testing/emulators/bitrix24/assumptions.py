"""What the vendor leaves open, and what the emulator takes for true until told otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bitrix24Assumptions:
    """Answers to what is not documented, to be turned where a real portal behaves otherwise.

    Attributes:
        old_refresh_token_dies: A refresh token is refused once it has been used. The vendor says
            only that the new one is to be kept instead.
        surplus_refuses_batch: A batch of more than fifty commands is refused as a whole, with
            status 400; otherwise only its surplus commands end with the error.
        names_ignore_case: `FILTER` is taken for `filter`.
        missing_reference_is_empty: A reference to what an earlier command did not give is replaced
            by nothing, so that a chain of pages begins anew; otherwise it stays as it was written.
        operating_seconds: From how many seconds of execution in ten minutes on a method is refused.
            The vendor's example says 480, and that it may be set otherwise.
    """

    old_refresh_token_dies: bool = True
    surplus_refuses_batch: bool = False
    names_ignore_case: bool = True
    missing_reference_is_empty: bool = True
    operating_seconds: float = 480.0
