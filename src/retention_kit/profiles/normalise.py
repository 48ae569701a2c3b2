"""One form of a telephone number and of an e-mail address, whatever a person or a shop wrote.

The common forms are told by a pattern that was proven against the libraries; the rest is read by
`phonenumbers` and `email-validator` themselves. Neither asks the network anything.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from retention_kit.errors import MissingDependencyError, bad_parameter

EDGES = (
    " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e"
    "\u202f\u205f\u2060\u2066\u2067\u2068\u2069\u3000\ufeff"
)
"""White space and signs without width, which copying and exports leave around a contact."""

MOST_CHARACTERS = 1_000
"""What is longer is no contact; the longest address that is one has 254."""

_PLAIN_LENGTH = 64
"""Up to this length no limit of an address or of its parts can be broken."""


def normalise_phone(text: str | None, *, region: str = "RU") -> str | None:
    """Give a telephone number as E.164 with `+`.

    A Russian `8XXXXXXXXXX` becomes `+7XXXXXXXXXX`. An extension is dropped. A number without a
    country code is one of `region`, and so is a number that begins with the code of `region` but
    has no `+`.

    Args:
        text: What was written, or None.
        region: The country that numbers without a code are of, two capital letters of ISO 3166.

    Returns:
        For example `+79161234567`; None where the text is blank, is no number that the country's
        numbering plan has, or is one that would be read as another when it is read again. So what
        was given once stays as it is.

    Raises:
        DefinitionError: `region` has no numbering plan.
        MissingDependencyError: `phonenumbers` is not installed.

    Examples:
        >>> normalise_phone("8 (916) 123-45-67, доб. 12")
        '+79161234567'
        >>> normalise_phone("(415) 555-2671", region="US")
        '+14155552671'
        >>> normalise_phone("123") is None
        True
    """
    # Looked at first, so that a region that is none is told of whatever the text is.
    read = phone_reader(region)
    trimmed = text.strip(EDGES) if text else ""
    return read.one(trimmed) if trimmed else None


def normalise_email(text: str | None) -> str | None:
    """Give an e-mail address in one form, by its syntax alone.

    The domain is given in lower case and in ASCII (`xn--…` for `почта.рф`), which is what mail
    servers and other systems take. The part before the `@` is given in lower case too: to the
    standard `Anna@` and `anna@` are two mailboxes, but no mail service of today keeps them apart,
    while people write either, and advertising systems match the lower case alone. Dots and `+tags`
    stay: what they mean differs from service to service.

    Args:
        text: What was written, or None.

    Returns:
        For example `anna@example.com`; None where the text is blank, is no address, or is one that
        cannot be delivered to from everywhere: letters other than Latin before the `@`, which most
        often are slips of the keyboard, quotes, an IP address, or a reserved domain as `.local`.
        What was given once stays as it is when it is given again.

    Raises:
        MissingDependencyError: `email-validator` is not installed.

    Examples:
        >>> normalise_email(" Anna.Petrova@Example.COM ")
        'anna.petrova@example.com'
        >>> normalise_email("info@почта.рф")
        'info@xn--80a1acny.xn--p1ai'
        >>> normalise_email("anna@example") is None
        True
    """
    trimmed = text.strip(EDGES) if text else ""
    return email_reader().one(trimmed) if trimmed else None


@dataclass(frozen=True, slots=True)
class EmailReader:
    """Reads addresses whose edges are trimmed.

    Attributes:
        plain: What a plain address looks like, as Python and Polars both read it.
        reserved: What a plain address must not end in.
        longest: How many characters a plain address has at the most.
    """

    plain: str
    reserved: str
    longest: int
    _plain: re.Pattern[str]
    _reserved: re.Pattern[str]

    def one(self, trimmed: str) -> str | None:
        """Give an address in its one form, or None."""
        if len(trimmed) <= self.longest and self._plain.fullmatch(trimmed):
            lower = trimmed.lower()
            return None if self._reserved.search(lower) else lower
        return self.library(trimmed)

    def library(self, trimmed: str) -> str | None:
        """Give what the library makes of an address, or None."""
        if len(trimmed) > MOST_CHARACTERS:
            return None
        from email_validator import validate_email

        try:
            found = validate_email(
                trimmed,
                allow_smtputf8=False,
                allow_quoted_local=False,
                allow_domain_literal=False,
                allow_display_name=False,
                strict=True,
                check_deliverability=False,
            )
        # Its own error is a ValueError; so are those of text that is no Unicode.
        except ValueError:
            return None
        address = found.ascii_email
        return address.lower() if address else None


@dataclass(frozen=True, slots=True)
class PhoneReader:
    """Reads numbers whose edges are trimmed.

    Attributes:
        region: The country that numbers without a code are of.
        plain: What a plain Russian mobile number looks like, as Python and Polars both read it.
        mobile: What the ten digits of a Russian mobile number look like.
    """

    region: str
    plain: str
    mobile: str
    _plain: re.Pattern[str]
    _mobile: re.Pattern[str]

    def one(self, trimmed: str) -> str | None:
        """Give a number as E.164, or None."""
        if found := self._plain.fullmatch(trimmed):
            digits = "".join(part for part in found.groups() if part)
            if self._mobile.fullmatch(digits):
                return f"+7{digits}"
        return self.library(trimmed)

    def library(self, trimmed: str) -> str | None:
        """Give what the library makes of a number, or None."""
        found = self._parsed(trimmed)
        # Of a few plans the library reads its own E.164 as another number, or as none.
        is_stable = found is None or found == trimmed or self._parsed(found) == found
        return found if is_stable else None

    def _parsed(self, text: str) -> str | None:
        import phonenumbers

        try:
            number = phonenumbers.parse(text, self.region)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_valid_number(number):
            return None
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@functools.cache
def email_reader() -> EmailReader:
    """Give the reader of addresses.

    Raises:
        MissingDependencyError: `email-validator` is not installed.
    """
    try:
        import email_validator
    except ModuleNotFoundError:
        raise MissingDependencyError("email_validator", "profiles") from None

    plain = "[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*[.])+[A-Za-z]{2,}"
    names = "|".join(re.escape(name) for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)
    reserved = rf"[.@](?:{names})$"
    return EmailReader(plain, reserved, _PLAIN_LENGTH, re.compile(plain), re.compile(reserved))


@functools.lru_cache(maxsize=512)
def phone_reader(region: str) -> PhoneReader:
    """Give the reader of numbers for a country.

    Raises:
        DefinitionError: The country has no numbering plan.
        MissingDependencyError: `phonenumbers` is not installed.
    """
    try:
        import phonenumbers
    except ModuleNotFoundError:
        raise MissingDependencyError("phonenumbers", "profiles") from None

    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise bad_parameter(
            "region",
            got=region,
            allowed="two capital letters of ISO 3166, as 'RU' or 'US'",
            step="the country that numbers without a code are of.",
        )
    # Read from the library, so that the pattern knows no number that this version of it does not.
    russia: Any = phonenumbers.PhoneMetadata.metadata_for_region("RU")
    mobile: str = russia.mobile.national_number_pattern.replace(r"\d", "[0-9]")
    # Only at home may the code be left out, or be an 8.
    code = r"(?:(?:\+7|[78])[ -]?)?" if region == "RU" else r"\+7[ -]?"
    plain = code + r"(?:\((9[0-9]{2})\)|(9[0-9]{2}))[ -]?([0-9]{3})[ -]?([0-9]{2})[ -]?([0-9]{2})"
    return PhoneReader(region, plain, mobile, re.compile(plain), re.compile(mobile))
