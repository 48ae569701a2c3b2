"""How much two products belong together: support, confidence, lift, and likenesses of sets."""

from __future__ import annotations

from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame, finisher
from retention_kit.errors import MissingColumnError, bad_parameter
from retention_kit.metrics.base.ratios import ratio
from retention_kit.recommend.deferred import FIRST, SECOND, TOGETHER
from retention_kit.recommend.pairs import product_pairs

Measure = Literal["support", "confidence", "lift", "jaccard", "cosine"]

_BASKETS = "baskets"
_OF_FIRST = "__of_first"
_OF_SECOND = "__of_second"
_TURN = "__turn"
_MEASURES = ("support", "confidence", "lift", "jaccard", "cosine")
_UNFIT = (
    "The totals of product_affinity lack rows, or are of parts and not summed. Allowed: what "
    "product_pairs gives, with the row of each product with itself and one row of nulls. Next "
    "step: filter what product_affinity gives and not the pairs; of parts, "
    "group_by('product_a', 'product_b').agg(pl.col('together').sum()) first."
)


@finisher(of=product_pairs)
def product_affinity(
    totals: Frame,
    *,
    minimum_together: int = 1,
    minimum_support: float = 0.0,
    top: int | None = None,
    rank_by: Measure = "confidence",
) -> Frame:
    """Turn counts of pairs into measures of how much two products belong together.

    Args:
        totals: What `product_pairs` gives, or a sum of such tables by its pairs. The rows of
            products with themselves and the row of nulls must be there: filter the result instead.
        minimum_together: Pairs that fewer baskets hold are left out; at least 1. A few baskets
            make a high lift by chance, so ask for some tens where there are enough.
        minimum_support: Pairs that a smaller share of baskets hold are left out, 0 … 1.
        top: How many products to keep for each; None keeps all.
        rank_by: The measure that says which those are. Of equal ones, the pair held by more
            baskets is kept, then the one whose `with_product` is smaller.

    Returns:
        Two rows per pair of different products, one for each as `product`, in no promised order:

        - `product`, `with_product`: as in `totals`.
        - `together` (`Int64`): baskets that hold both.
        - `product_baskets` (`Int64`): baskets that hold `product`.
        - `with_baskets` (`Int64`): baskets that hold `with_product`.
        - `baskets` (`Int64`): baskets that hold anything.
        - `support` (`Float64`): together / baskets, 0 … 1.
        - `confidence` (`Float64`): together / product_baskets, the share of baskets with `product`
            that hold `with_product` too, 0 … 1.
        - `lift` (`Float64`): confidence / (with_baskets / baskets), how many times as often as if
            the two were independent; 1 is by chance, ≥ 0.
        - `jaccard` (`Float64`): together / (product_baskets + with_baskets - together), 0 … 1.
        - `cosine` (`Float64`): together / sqrt(product_baskets · with_baskets), 0 … 1.
        - `rank` (`Int64`): place of `with_product` by `rank_by` among those of `product`, from 1.

    Raises:
        MissingColumnError: `totals` is no table of pairs.
        DefinitionError: A parameter is out of its bounds.
        polars.exceptions.InvalidOperationError: When the result is collected, of totals that lack
            the rows of products with themselves, or have not one row of nulls.

    References:
        Agrawal, Srikant (1994), Fast Algorithms for Mining Association Rules, VLDB: support and
        confidence. Brin, Motwani, Ullman, Tsur (1997), Dynamic Itemset Counting and Implication
        Rules for Market Basket Data, SIGMOD: lift, there named interest. Tan, Kumar, Srivastava
        (2004), Selecting the Right Objective Measure for Association Analysis: cosine, Jaccard.

    Examples:
        >>> pairs = pl.DataFrame(
        ...     [("milk", "milk", 4), ("diapers", "diapers", 4), ("diapers", "milk", 3),
        ...      (None, None, 5)],
        ...     schema=["product_a", "product_b", "together"],
        ...     orient="row",
        ... )
        >>> product_affinity(pairs).select("product", "with_product", "support", "lift").sort(
        ...     "product"
        ... ).rows()
        [('diapers', 'milk', 0.6, 0.9375), ('milk', 'diapers', 0.6, 0.9375)]
    """
    _check(minimum_together, minimum_support, top, rank_by)
    schema = totals.collect_schema()
    for name in (FIRST, SECOND, TOGETHER):
        if name not in schema:
            raise MissingColumnError("totals", name, schema.names())
    here = (
        totals.with_columns(pl.col(TOGETHER).cast(pl.Int64))
        .with_columns(
            _own_of(FIRST).alias(_OF_FIRST),
            _own_of(SECOND).alias(_OF_SECOND),
            pl.col(TOGETHER).filter(pl.col(FIRST).is_null()).sum().alias(_BASKETS),
        )
        .with_columns(pl.col(_BASKETS) + _zero_unless_unfit())
    )
    pairs = here.filter(
        pl.col(FIRST) != pl.col(SECOND),
        pl.col(TOGETHER) >= minimum_together,
        ratio(TOGETHER, _BASKETS) >= minimum_support,
    )
    ranked = (
        _from_both_sides(pairs)
        .with_columns(
            ratio(TOGETHER, _BASKETS).alias("support"),
            ratio(TOGETHER, "product_baskets").alias("confidence"),
            _lift().alias("lift"),
            _jaccard().alias("jaccard"),
            _cosine().alias("cosine"),
        )
        .with_columns(_rank(rank_by, schema[FIRST]).alias("rank"))
    )
    return ranked if top is None else ranked.filter(pl.col("rank") <= top)


def _check(minimum_together: int, minimum_support: float, top: int | None, rank_by: str) -> None:
    for name, count in (("minimum_together", minimum_together), ("top", top)):
        if count is None:
            continue
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise bad_parameter(name, got=count, allowed="a whole number of at least 1")
    if isinstance(minimum_support, bool) or not 0 <= minimum_support <= 1:
        raise bad_parameter("minimum_support", got=minimum_support, allowed="a share, 0 to 1")
    if rank_by not in _MEASURES:
        raise bad_parameter("rank_by", got=rank_by, allowed=", ".join(map(repr, _MEASURES)))


def _own_of(product: str) -> pl.Expr:
    """Give all baskets that hold a product, from its row with itself.

    A window and not a join: counting pairs is dear, and each side of a join would do it anew.
    """
    own = pl.when(pl.col(FIRST) == pl.col(SECOND)).then(TOGETHER)
    return own.sum().over(product)


def _zero_unless_unfit() -> pl.Expr:
    """Give 0, or stop where the totals of a pair are not whole: its figures would be wrong.

    A plan that looks at no rows when it is made can only fail where they come; a cast of text that
    is no number fails, and shows the text.
    """
    is_pair = pl.col(FIRST) != pl.col(SECOND)
    of_nulls = pl.col(FIRST).is_null().sum()
    lacks_own = is_pair & ((pl.col(_OF_FIRST) == 0) | (pl.col(_OF_SECOND) == 0))
    unfit = (is_pair.any() & (of_nulls != 1)) | lacks_own.any()
    return pl.when(unfit).then(pl.lit(_UNFIT)).otherwise(pl.lit("0")).cast(pl.Int64)


def _from_both_sides(pairs: Frame) -> Frame:
    """Give each pair as two rows, one about each of its products."""
    sides = pairs.with_columns(pl.concat_list(pl.lit(value=False), pl.lit(value=True)).alias(_TURN))
    turned = pl.col(_TURN)

    def either(straight: str, other: str, name: str) -> pl.Expr:
        return pl.when(turned).then(other).otherwise(straight).alias(name)

    return sides.explode(_TURN).select(
        either(FIRST, SECOND, "product"),
        either(SECOND, FIRST, "with_product"),
        TOGETHER,
        either(_OF_FIRST, _OF_SECOND, "product_baskets"),
        either(_OF_SECOND, _OF_FIRST, "with_baskets"),
        _BASKETS,
    )


def _lift() -> pl.Expr:
    """Give together · baskets / (product_baskets · with_baskets): one division alone rounds."""
    above = pl.col(TOGETHER).cast(pl.Float64) * pl.col(_BASKETS)
    below = pl.col("product_baskets").cast(pl.Float64) * pl.col("with_baskets")
    return above / below


def _jaccard() -> pl.Expr:
    either = pl.col("product_baskets") + pl.col("with_baskets") - pl.col(TOGETHER)
    return pl.col(TOGETHER).cast(pl.Float64) / either.cast(pl.Float64)


def _cosine() -> pl.Expr:
    product = pl.col("product_baskets").cast(pl.Float64) * pl.col("with_baskets")
    return pl.col(TOGETHER).cast(pl.Float64) / product.sqrt()


def _rank(measure: str, product: pl.DataType) -> pl.Expr:
    """Number the others of a product, the best first, the same whatever the order of rows."""
    other = pl.col("with_product")
    # A category is ordered by what it says, an Enum by its place.
    name = other.cast(pl.String) if product == pl.Categorical else other
    order = pl.struct(-pl.col(measure), -pl.col(TOGETHER), name)
    return order.rank("ordinal").over("product").cast(pl.Int64)
