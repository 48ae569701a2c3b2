"""By what outside systems know a person: the form and the digest that each of them wants.

One customer's address has other digests for two systems, since they normalise differently: a
digest made for one is never given to another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from retention_kit.adapters.digests import Algorithm, as_digest, hash_kind, md5_hex, sha256_hex
from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.profiles.normalise import EDGES, normalise_email, normalise_phone

Identifier = Literal[
    "email", "phone", "first_name", "last_name", "city", "postal_code", "country", "gender"
]
"""What of a customer can be an identifier, named as the columns of `customers` where it is one."""

_DIGESTS: Final[dict[Algorithm, Callable[[str | None], str | None]]] = {
    "sha256": sha256_hex,
    "md5": md5_hex,
}
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_GMAIL: Final = ("gmail.com", "googlemail.com")
_GENDERS: Final = {
    **dict.fromkeys(("f", "female", "woman", "ж", "жен", "женский"), "f"),
    **dict.fromkeys(("m", "male", "man", "м", "муж", "мужской"), "m"),
}


@dataclass(frozen=True, kw_only=True)
class IdentifierRules:
    """What one outside system takes of a person, and in which form.

    Attributes:
        target: The system, for messages.
        identifiers: What it takes, of `Identifier`.
        hash: How it wants it hashed; None where it goes as it is.
        clear: What goes as it is though the rest is hashed.
        phone_form: `digits`, with the country's code and nothing else, or `e164`, with a `+`.
        gmail_dots: Whether dots before the `@` of Gmail's addresses are dropped.
        gmail_tags: Whether `+tag` before the `@` of Gmail's addresses is dropped.
        country_case: Whether a country's two letters are small or capital.
        region: The country that numbers without a code are of, two capital letters of ISO 3166.

    Raises:
        DefinitionError: A field is not what it may be.

    Examples:
        >>> YANDEX_AUDIENCE.phone("8 (999) 555-11-11")
        '79995551111'
        >>> YANDEX_AUDIENCE.hashed_email("Mail@Yandex.ru")[:16]
        'bd93ea95f242f023'
        >>> YANDEX_AUDIENCE.hashed_email("") is None
        True
    """

    target: str
    identifiers: tuple[Identifier, ...] = ("email", "phone")
    hash: Algorithm | None = None
    clear: frozenset[Identifier] = frozenset()
    phone_form: Literal["digits", "e164"] = "digits"
    gmail_dots: Literal["keep", "drop"] = "keep"
    gmail_tags: Literal["keep", "drop"] = "keep"
    country_case: Literal["lower", "upper"] = "lower"
    region: str = "RU"

    def __post_init__(self) -> None:
        known = get_args(Identifier)
        for name in (*self.identifiers, *self.clear):
            if name not in known:
                raise bad_parameter("identifiers", got=name, allowed=", ".join(known))
        if self.hash not in (None, *_DIGESTS):
            raise bad_parameter("hash", got=self.hash, allowed="'sha256', 'md5' or None")

    def email(self, value: str | None) -> str | None:
        """Give an e-mail address as the system wants it before hashing, or None where it is none.

        Raises:
            MissingDependencyError: `email-validator` is not installed.
        """
        found = normalise_email(value)
        if found is None or (self.gmail_dots == "keep" and self.gmail_tags == "keep"):
            return found
        local, _, domain = found.partition("@")
        if domain not in _GMAIL:
            return found
        if self.gmail_tags == "drop":
            local = local.partition("+")[0]
        if self.gmail_dots == "drop":
            local = local.replace(".", "")
        return f"{local}@{domain}" if local else None

    def phone(self, value: str | None) -> str | None:
        """Give a telephone number as the system wants it before hashing, or None where it is none.

        What is written as E.164 is taken at its word: it was normalised before. Other forms are
        read as `normalise_phone` reads them.

        Raises:
            MissingDependencyError: `phonenumbers` is not installed.
        """
        if value is None:
            return None
        found = value if _E164.fullmatch(value) else normalise_phone(value, region=self.region)
        return found if found is None or self.phone_form == "e164" else phone_digits(found)

    def hashed_email(self, value: str | None) -> str | None:
        """Give the digest of an e-mail address, or None where there is none.

        A digest of the system's own algorithm passes, in small letters; one of another does not.

        Raises:
            DefinitionError: The system takes no digests.
            MissingDependencyError: `email-validator` is not installed.
        """
        return self._digest(value, self.email)

    def hashed_phone(self, value: str | None) -> str | None:
        """Give the digest of a telephone number, as `hashed_email` does of an address.

        Raises:
            DefinitionError: The system takes no digests.
            MissingDependencyError: `phonenumbers` is not installed.
        """
        return self._digest(value, self.phone)

    def form(self, identifier: Identifier, value: str | None) -> str | None:
        """Give a value as the system wants it before hashing, or None where there is none.

        Names and places are given in small letters and without punctuation, places without spaces
        too. Of a postal code of the form 12345-6789 the first five digits stay.

        Args:
            identifier: What it is.
            value: As the shop has it.

        Raises:
            DefinitionError: The system does not take this.
        """
        self._check(identifier)
        if identifier == "email":
            return self.email(value)
        if identifier == "phone":
            return self.phone(value)
        text = (value or "").strip(EDGES)
        if identifier == "country":
            shown = text.upper() if self.country_case == "upper" else text.lower()
            return shown if re.fullmatch("[A-Za-z]{2}", shown) else None
        return _TEXTS[identifier](text.lower()) or None

    def outgoing(self, identifier: Identifier, value: str | None) -> str | None:
        """Give what leaves of a value: its digest, or its form where that goes in clear.

        Args:
            identifier: What it is.
            value: As the shop has it, or a digest of the system's own algorithm.

        Returns:
            What leaves; None where there is nothing to send.

        Raises:
            DefinitionError: The system does not take this.
        """
        self._check(identifier)
        if self.hash is None or identifier in self.clear:
            return None if hash_kind(value) else self.form(identifier, value)
        return self._digest(value, lambda text: self.form(identifier, text))

    def _check(self, identifier: Identifier) -> None:
        if identifier not in self.identifiers:
            raise bad_parameter("identifier", got=identifier, allowed=", ".join(self.identifiers))

    def _digest(self, value: str | None, form: Callable[[str], str | None]) -> str | None:
        if self.hash is None:
            raise DefinitionError(
                f"{self.target} takes identifiers in clear, and no digests. Next step: use "
                "outgoing(…), or rules with a hash.",
                parameter="hash",
            )
        if not value:
            return None
        if hash_kind(value):
            return as_digest(value, self.hash)
        return _DIGESTS[self.hash](form(value))


def phone_digits(e164: str) -> str:
    """Give a number in E.164 without its `+`.

    Raises:
        DefinitionError: It is not written so.

    Examples:
        >>> phone_digits("+79161234567")
        '79161234567'
    """
    if not _E164.fullmatch(e164):
        raise bad_parameter(
            "e164", got=f"a text of {len(e164)} characters", allowed="a number as +79161234567"
        )
    return e164[1:]


YANDEX_AUDIENCE: Final = IdentifierRules(target="Yandex Audience", hash="sha256")
"""SHA-256 alone; MD5 is refused there since 2025."""

YANDEX_METRICA: Final = IdentifierRules(target="Yandex Metrica", hash="md5")
"""Imports of contacts and orders, in their columns with digests."""

VK_ADS: Final = IdentifierRules(target="VK Ads", hash="md5")
"""Lists of people as digests."""

VK_ADS_CLEAR: Final = IdentifierRules(target="VK Ads")
"""The same lists in clear, which VK hashes itself."""

META: Final = IdentifierRules(
    target="Meta",
    identifiers=get_args(Identifier),
    hash="sha256",
)
"""Custom audiences."""

GOOGLE: Final = IdentifierRules(
    target="Google",
    identifiers=("email", "phone", "first_name", "last_name", "postal_code", "country"),
    hash="sha256",
    clear=frozenset({"postal_code", "country"}),
    phone_form="e164",
    gmail_dots="drop",
    gmail_tags="drop",
    country_case="upper",
)
"""Customer lists, by the newest reading of the rule on Gmail; an older one keeps the tags."""


def _without_punctuation(text: str) -> str:
    return "".join(one for one in text if unicodedata.category(one)[0] not in "PSC")


def _name(text: str) -> str:
    return " ".join(_without_punctuation(text).split())


def _city(text: str) -> str:
    return "".join(_without_punctuation(text).split())


def _postal_code(text: str) -> str:
    code = "".join(text.split())
    return code[:5] if re.fullmatch("[0-9]{5}-[0-9]{4}", code) else code


def _gender(text: str) -> str:
    return _GENDERS.get(text.rstrip("."), "")


_TEXTS: Final[dict[str, Callable[[str], str]]] = {
    "first_name": _name,
    "last_name": _name,
    "city": _city,
    "postal_code": _postal_code,
    "gender": _gender,
}
