"""Where a request may go: not into a private network by an address that somebody else gave."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from retention_kit.errors import DefinitionError, RetryableError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


@dataclass(frozen=True)
class AddressGuard:
    """Looks up a host and refuses addresses that are not public.

    The address that was looked at is the one that is connected to: a name that leads elsewhere a
    moment later is of no avail.

    Attributes:
        allowed: Hosts by name, and networks (`10.2.0.0/16`), that are let through though they are
            private.
    """

    allowed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", frozenset(one.lower() for one in self.allowed))

    def addresses_of(self, host: str, port: int) -> tuple[str, ...]:
        """Give the addresses to connect to, the first first; at least one.

        Args:
            host: A name or an address.
            port: The port.

        Raises:
            DefinitionError: It leads to an address that is not public and not allowed.
            RetryableError: The name cannot be looked up now.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise RetryableError(
                f"The host {host!r} cannot be looked up. Next step: check its name, or try later."
            ) from None
        addresses = tuple(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
        if host.lower() not in self.allowed:
            networks = list(_networks(self.allowed))
            for address in map(ipaddress.ip_address, addresses):
                if not _is_public(address) and not any(address in one for one in networks):
                    raise DefinitionError(
                        f"The host {host!r} leads to an address that is not public, and such are "
                        "refused unless the settings allow them. Next step: allow the host or its "
                        "network there, if it is meant.",
                        parameter="url",
                    )
        return addresses


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        # An address of the old kind inside of one of the new leads where the old one does.
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED or address in _COMPATIBLE:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return _is_public(inner)
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast


def _networks(allowed: Iterable[str]) -> Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for one in allowed:
        try:
            yield ipaddress.ip_network(one, strict=False)
        except ValueError:
            continue
