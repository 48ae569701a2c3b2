"""What to offer: which products are bought together, and how much more often than by chance."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.recommend.affinities import product_affinity as product_affinity
    from retention_kit.recommend.pairs import product_pairs as product_pairs

_HERE = "retention_kit.recommend"
_MODULES = {
    "product_affinity": f"{_HERE}.affinities",
    "product_pairs": f"{_HERE}.pairs",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
