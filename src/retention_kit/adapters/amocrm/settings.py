"""What an account of amoCRM is reached with, and how it is read and written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import pydantic
from pydantic import Field, SecretStr

from retention_kit.errors import DefinitionError

RATE: Final = 7
"""Requests a second that the vendor allows an integration."""
WINDOW: Final = 1.06
"""A second, and what the way to the server may shorten it by: going over brings a ban."""


class AmoCrmSettings(pydantic.BaseModel):
    """Settings of an account: a long-lived token, or an integration with OAuth tokens.

    Attributes:
        base_url: The account's own address: `https://acme.amocrm.ru`.
        access_token: A long-lived token; or the access token of the pair that a person got.
        refresh_token: The pair's other half, for an integration. It works once; what it is
            exchanged for is kept in `token_folder`.
        client_id: The integration's id.
        client_secret: The integration's secret.
        redirect_uri: The address that the integration is registered with.
        token_folder: Where renewed tokens are kept; one folder for all processes.
        requests_per_second: How often the account may be asked; the vendor allows 7.
        batch_rows: How many records are written at once; the vendor advises 50 and takes 250.
        external_id_field: The text field of leads that keeps an action's id, by its name, code or
            id. Leads are looked for by it before they are made.
        search_first: Whether leads and purchases are looked for before they are made. It costs a
            request a batch, or one a lead where the account has no filters. Without it, a second
            journal may make a lead a second time.
        customer_id_is_contact_id: Whether a customer's id in the tables is the contact's id here,
            as it is where they were read from here. Else people are found by telephone and e-mail.
        missing_contacts: What is done where an action's customer has no contact, or no record as a
            buyer that a purchase could be added to.
        ordered_at: Which instant of a lead is that of the order: when it was `closed`, or, where
            it is not closed yet, made; or always when it was `created`.
        lead_fields: Custom fields of leads to carry along as columns, by name, code or id. All of
            them are in the column `custom_fields` anyhow, as JSON.
        contact_fields: The same of contacts.
        task_type_id: The type of tasks: 1 is a call, 2 a meeting.
        lookup_pages: How many pages of 250 tasks or purchases are looked through, the newest
            first, for what became of one. What is not on them stays unknown.
        doubt_seconds: How long after an unanswered write is waited until it is looked for: the
            vendor's gateway may give up on what is still being done.
        timeout: Seconds for each step of a request.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str
    access_token: SecretStr | None = None
    refresh_token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    redirect_uri: str | None = None
    token_folder: Path | None = None
    requests_per_second: Annotated[int, Field(ge=1, le=RATE)] = RATE
    batch_rows: Annotated[int, Field(ge=1, le=250)] = 50
    external_id_field: str = "retention_kit_id"
    search_first: bool = True
    customer_id_is_contact_id: bool = False
    missing_contacts: Literal["create", "reject"] = "create"
    ordered_at: Literal["closed", "created"] = "closed"
    lead_fields: tuple[str, ...] = ()
    contact_fields: tuple[str, ...] = ()
    task_type_id: int = 1
    lookup_pages: Annotated[int, Field(ge=1)] = 40
    doubt_seconds: Annotated[float, Field(ge=0)] = 60.0
    timeout: Annotated[float, Field(gt=0)] = 60.0

    @pydantic.model_validator(mode="after")
    def _has_one_way_in(self) -> AmoCrmSettings:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise _unusable("base_url is not of the form https://acme.amocrm.ru", "base_url")
        if self.refresh_token is None:
            if self.access_token is None:
                raise _unusable("Neither access_token nor refresh_token is given", "access_token")
            return self
        names = ("client_id", "client_secret", "redirect_uri", "token_folder")
        missing = [name for name in names if getattr(self, name) is None]
        if missing:
            raise _unusable(f"refresh_token needs {', '.join(missing)} as well", missing[0])
        return self

    @property
    def host(self) -> str:
        """The account's host, by which its limits are counted and its tokens kept."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]


def _unusable(problem: str, parameter: str) -> DefinitionError:
    return DefinitionError(
        f"{problem}. Allowed: base_url with access_token; or with refresh_token, client_id, "
        "client_secret, redirect_uri and token_folder. Next step: set it, as "
        f"RETENTION_KIT_AMOCRM_{parameter.upper()} for one.",
        parameter=parameter,
    )
