"""What a Bitrix24 portal is reached with, and how its deals are read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pydantic

ORIGINATOR = "retention_kit"
"""What deals and contacts that were made here say of where they come from."""


class Bitrix24Settings(pydantic.BaseModel):
    """Settings of a portal: an incoming webhook, or an application with OAuth tokens.

    Attributes:
        webhook_url: `https://acme.bitrix24.ru/rest/1/secret/`, whole.
        rest_url: `https://acme.bitrix24.ru/rest/`, for an application.
        client_id: The application's id.
        client_secret: The application's secret.
        access_token: The pair that a person got, for the first time.
        refresh_token: The same; each renewal gives another, which is kept in `token_folder`.
        oauth_url: Where tokens are renewed.
        token_folder: Where renewed tokens are kept; one folder for all processes.
        cloud: Whether the portal is in the vendor's cloud, whose limits hold; off for one's own.
        enterprise: Whether the tariff is Enterprise, which may ask more often.
        family: Which methods are called: `items` for `crm.item.*`, `classic` for `crm.deal.*` and
            its like, `auto` for the former where the portal knows them.
        customers: Who the customers are: the contacts of deals, or their companies.
        customer_id_is_portal_id: Whether a customer's id in the tables is the id in this portal, as
            it is where they were read from it. Else people are found by telephone and e-mail.
        missing_contacts: What is done where an action's customer has no contact there.
        ordered_at: Which instant of a deal is that of the order.
        user_fields: Fields of deals that the portal's owner added, to be carried along.
        customer_fields: The same of contacts or companies.
        originator: What deals and contacts that are made here say of where they come from.
        timeout: Seconds for each step of a request.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    webhook_url: pydantic.SecretStr | None = None
    rest_url: str | None = None
    client_id: str | None = None
    client_secret: pydantic.SecretStr | None = None
    access_token: pydantic.SecretStr | None = None
    refresh_token: pydantic.SecretStr | None = None
    oauth_url: str = "https://oauth.bitrix.info/oauth/token/"
    token_folder: Path | None = None
    cloud: bool = True
    enterprise: bool = False
    family: Literal["auto", "items", "classic"] = "auto"
    customers: Literal["contacts", "companies"] = "contacts"
    customer_id_is_portal_id: bool = False
    missing_contacts: Literal["create", "reject"] = "create"
    ordered_at: Literal["closed", "created", "begun"] = "closed"
    user_fields: tuple[str, ...] = ()
    customer_fields: tuple[str, ...] = ()
    originator: str = pydantic.Field(default=ORIGINATOR, min_length=1, max_length=50)
    timeout: float = pydantic.Field(default=60.0, gt=0)

    @pydantic.model_validator(mode="after")
    def _has_one_way_in(self) -> Bitrix24Settings:
        if (self.webhook_url is None) == (self.rest_url is None):
            raise ValueError("give webhook_url, or rest_url with OAuth tokens, and not both")
        if self.webhook_url is not None:
            parts = urlsplit(self.webhook_url.get_secret_value())
            if not parts.netloc or len(parts.path.strip("/").split("/")) < 3:
                raise ValueError("webhook_url is not of the form https://portal/rest/1/secret/")
            return self
        missing = [
            name
            for name in ("client_id", "client_secret", "refresh_token", "token_folder")
            if getattr(self, name) is None
        ]
        if missing:
            raise ValueError(f"rest_url needs {', '.join(missing)} as well")
        return self

    @property
    def base_url(self) -> str:
        """Below which all methods lie; secret where it is a webhook's."""
        if self.webhook_url is not None:
            return self.webhook_url.get_secret_value().rstrip("/") + "/"
        return str(self.rest_url).rstrip("/") + "/"

    @property
    def portal(self) -> str:
        """The portal's host, by which its limits are counted."""
        return urlsplit(self.base_url).netloc
