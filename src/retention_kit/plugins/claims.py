"""What plugins bring, by name; a name that two of them claim cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

from retention_kit.errors import PluginError, bad_parameter, nearest_names
from retention_kit.plugins.gathering import Found

S = TypeVar("S")


class Claims(Mapping[str, Found[S]]):
    """What plugins bring of one kind, by name.

    It holds the names that can be used; `contested` has those that several plugins claim, and
    looking one of them up raises a `PluginError` that names the plugins.

    Args:
        kind: What it is, for messages: `channel`.
        named: Names with what claims them; a name may come more than once.
    """

    def __init__(self, kind: str, named: Iterable[tuple[str, Found[S]]]) -> None:
        claimed: dict[str, list[Found[S]]] = {}
        for name, found in named:
            claimed.setdefault(name, []).append(found)
        self._kind = kind
        self._usable = {name: ones[0] for name, ones in claimed.items() if len(ones) == 1}
        self.contested: Mapping[str, tuple[Found[S], ...]] = MappingProxyType(
            {name: tuple(ones) for name, ones in claimed.items() if len(ones) > 1}
        )

    def __getitem__(self, name: str) -> Found[S]:
        if name in self.contested:
            claimants = ", ".join(str(one.origin) for one in self.contested[name])
            raise PluginError(
                f"{len(self.contested[name])} plugins claim the {self._kind} {name!r}: "
                f"{claimants}. Next step: uninstall one of them, or block its distribution: "
                "RETENTION_KIT_PLUGINS_DISABLED=…."
            )
        return self._usable[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._usable)

    def __len__(self) -> int:
        return len(self._usable)

    def __contains__(self, name: object) -> bool:
        return name in self._usable

    def __repr__(self) -> str:
        return f"Claims({self._kind!r}, {list(self._usable)})"

    def find(self, name: str) -> Found[S]:
        """Give what is claimed under a name, for somebody who asked for it.

        Raises:
            DefinitionError: There is nothing of that name.
            PluginError: Several plugins claim it.
        """
        try:
            return self[name]
        except KeyError:
            near = ", ".join(map(repr, nearest_names(name, self._usable)))
            there = ", ".join(map(repr, self._usable)) or "none"
            raise bad_parameter(
                "name",
                got=name,
                allowed=f"a {self._kind} that is installed: {there}",
                step=(f"nearest: {near}; " if near else "")
                + "install the plugin, or see what failed: python -m retention_kit plugins.",
            ) from None
