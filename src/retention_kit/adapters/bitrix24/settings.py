"""What a Bitrix24 portal is reached with, and how its deals are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import pydantic

from retention_kit.errors import DefinitionError

ORIGINATOR = "retention_kit"
"""What deals and contacts that were made here say of where they come from."""


class Bitrix24Settings(pydantic.BaseModel):
    """Settings of a portal: an incoming webhook, or an application with OAuth tokens.

    Attributes:
        webhook_url: `https://acme.bitrix24.ru/rest/1/secret/`, whole; what follows the secret is
            left out.
        rest_url: `https://acme.bitrix24.ru/rest/`, for an application.
        client_id: The application's id.
        client_secret: The application's secret.
        access_token: The pair that a person got, for the first time.
        refresh_token: The same; each renewal gives another, which is kept in `token_folder`.
        oauth_url: Where tokens are renewed.
        token_folder: Where renewed tokens are kept; one folder for all processes.
        cloud: Whether the portal is in the vendor's cloud, whose limits hold; off for one's own.
        enterprise: Whether the tariff is Enterprise, which may ask more often.
        requests_per_second: How many requests a portal of one's own takes, where its owner set a
            limit; in place of the vendor's limit, if it is given for a portal in the cloud.
        requests_at_once: How many of them may come at once.
        family: Which methods are called: `items` for `crm.item.*`, `classic` for `crm.deal.*` and
            its like, `auto` for the former where the portal knows them.
        customers: Who the customers are: the contacts of deals, or their companies.
        customer_id_is_portal_id: Whether a customer's id in the tables is the id in this portal, as
            it is where they were read from it. Else customers are found by telephone and e-mail.
        missing_contacts: What is done where an action's customer has no contact there. Companies
            are never made.
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
    requests_per_second: float | None = pydantic.Field(default=None, gt=0)
    requests_at_once: int = pydantic.Field(default=1, ge=1)
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
        """Check what the fields are together; its errors are told as they are, by names alone."""
        if self.webhook_url is None and self.rest_url is None:
            raise _unusable(
                "Neither webhook_url nor rest_url is set, so nobody knows which portal is meant",
                "webhook_url",
            )
        if self.webhook_url is not None and self.rest_url is not None:
            raise _unusable("Both webhook_url and rest_url are set", "rest_url")
        address, name = self._address()
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _unusable(f"{name} is no address with https://", name)
        if self.webhook_url is not None:
            if _webhook_path(parts.path) is None:
                raise _unusable("webhook_url is not like https://portal/rest/1/secret/", name)
            return self
        missing = [one for one in _OF_OAUTH if getattr(self, one) is None]
        if missing:
            raise _unusable(f"rest_url is set without {', '.join(missing)}", missing[0])
        return self

    @property
    def base_url(self) -> str:
        """Below which all methods lie; secret where it is a webhook's."""
        address, _ = self._address()
        if self.webhook_url is None:
            return address.rstrip("/") + "/"
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.netloc}{_webhook_path(parts.path)}"

    @property
    def portal(self) -> str:
        """The portal's host, by which its limits are counted."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def identity(self) -> str:
        """Which portal it is, with no secret: by it a landing knows that it is the same one."""
        return self.portal.lower()

    @property
    def way_in(self) -> str:
        """The setting that says where the portal is."""
        return self._address()[1]

    def _address(self) -> tuple[str, str]:
        if self.webhook_url is not None:
            return self.webhook_url.get_secret_value().strip(), "webhook_url"
        return str(self.rest_url).strip(), "rest_url"


_OF_OAUTH: Final = ("client_id", "client_secret", "refresh_token", "token_folder")


def _webhook_path(path: str) -> str | None:
    """Cut off what follows a webhook's secret: the portal shows it with a method behind it."""
    found = re.match(r"(.*?/rest/\d+/[^/]+)(/|$)", path)
    return None if found is None else found.group(1) + "/"


def _unusable(problem: str, parameter: str) -> DefinitionError:
    return DefinitionError(
        f"{problem}. Allowed: webhook_url, or rest_url with {', '.join(_OF_OAUTH)} and maybe "
        "access_token. Next step: set them, as RETENTION_KIT_BITRIX24_WEBHOOK_URL for one.",
        parameter=parameter,
    )
