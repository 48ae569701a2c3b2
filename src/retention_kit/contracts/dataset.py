"""The tables of one shop, as they came through the door."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import Unpack

from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.options import DoorOptions
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import FileFormatError

if TYPE_CHECKING:
    from retention_kit.contracts.buckets import Buckets
    from retention_kit.contracts.sources import Source


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Dataset(Bundle):
    """The tables of one shop, checked once, with what was rejected on the way.

    Make one with `from_frames`, `from_lines` or `scan`. It has the attributes of `Bundle`: the
    seven tables, `guest_orders` and `guest_order_items`, `time_zone` and `currency`, which tables
    were `given`, the `rejected` rows and the `health` of the data.
    """

    @classmethod
    def from_frames(
        cls,
        orders: Source,
        order_items: Source | None = None,
        customers: Source | None = None,
        consents: Source | None = None,
        events: Source | None = None,
        costs: Source | None = None,
        reviews: Source | None = None,
        **options: Unpack[DoorOptions],
    ) -> Dataset:
        """Let tables in: good rows become the dataset, the others keep the rule they broke.

        Each table may be a Polars frame, eager or lazy; anything that speaks the Arrow C stream
        (pandas, pyarrow, a DuckDB relation, ibis …); an iterable of mappings; an export that
        `read_export` found; or the path of a Parquet or CSV file or a workbook, a folder of such
        files, or a pattern.

        Args:
            orders: One row per sale or return.
            order_items: One row per line of an order.
            customers: One row per customer.
            consents: One row per decision about a channel.
            events: One row per thing a customer did.
            costs: One row per amount spent in a month.
            reviews: One row per review.
            **options: How to read them; see `DoorOptions`. `currency` is required, and
                `time_zone` is where instants come without a zone.

        Returns:
            The dataset. One streaming pass over each table counts what is rejected.

        Raises:
            MissingColumnError: A required column is absent, or a mapped one is not there.
            ColumnTypeError: A type cannot hold its column, or ids differ in type between tables.
            RepeatedOrderIdError: More than 1% of the order ids stand on different rows.
            RowsRejectedError: Rows break rules, and `strict=True`.
            FileFormatError: A file cannot be read.
            DataError: The values of a column have no type in common.
            DefinitionError: An option is not allowed.

        Examples:
            >>> dataset = Dataset.from_frames(
            ...     orders=[{"id": 1, "client": "a", "date": "09.12.2011", "total": 12.5}],
            ...     columns={"order_id": "id", "customer_id": "client", "ordered_at": "date",
            ...              "amount": "total"},
            ...     date_format="%d.%m.%Y", time_zone="Europe/London", currency="GBP",
            ... )
            >>> dataset
            Dataset(orders=1, time_zone='Europe/London', currency='GBP')
        """
        from retention_kit.contracts.entrance import enter

        sources = {
            "orders": orders,
            "order_items": order_items,
            "customers": customers,
            "consents": consents,
            "events": events,
            "costs": costs,
            "reviews": reviews,
        }
        given = {name: source for name, source in sources.items() if source is not None}
        return enter(cls, given, options)

    @classmethod
    def from_lines(
        cls,
        lines: Source,
        customers: Source | None = None,
        consents: Source | None = None,
        events: Source | None = None,
        costs: Source | None = None,
        reviews: Source | None = None,
        **options: Unpack[DoorOptions],
    ) -> Dataset:
        """Make orders and order_items of an export that has one row per line of an order.

        A line has `order_id`, `customer_id`, `ordered_at`, `product_id`, `quantity`, and `amount`
        or `price`; `kind` tells sales from returns, or `negative_amounts="return"` does. It may
        have the other columns of `orders` and `order_items`. An order takes its lines' earliest
        instant. Where its lines differ in status, the completed ones make it, else the open ones;
        the others are rejected. Orders are held in memory, one row each; the lines stay where they
        are.

        Args:
            lines: One row per line.
            customers: As in `from_frames`.
            consents: As in `from_frames`.
            events: As in `from_frames`.
            costs: As in `from_frames`.
            reviews: As in `from_frames`.
            **options: As in `from_frames`.

        Returns:
            The dataset; `health` tells of the lines under `order_items`, and of the orders made
            of them under `orders`.

        Raises:
            MissingColumnError: As in `from_frames`.
            ColumnTypeError: As in `from_frames`.
            RowsRejectedError: As in `from_frames`.
            FileFormatError: As in `from_frames`.
            DefinitionError: As in `from_frames`.

        Examples:
            >>> dataset = Dataset.from_lines(
            ...     [
            ...         {"order_id": 1, "customer_id": 7, "ordered_at": "2011-12-09 12:50",
            ...          "product_id": "mug", "quantity": 2, "price": 3.25},
            ...         {"order_id": 1, "customer_id": 7, "ordered_at": "2011-12-09 12:50",
            ...          "product_id": "tea", "quantity": 1, "price": 4.00},
            ...     ],
            ...     date_format="iso8601", time_zone="Europe/London", currency="GBP",
            ... )
            >>> dataset.orders.select("order_id", "amount").collect().rows()
            [(1, Decimal('10.5000'))]
        """
        from retention_kit.contracts.entrance import enter

        sources = {
            "lines": lines,
            "customers": customers,
            "consents": consents,
            "events": events,
            "costs": costs,
            "reviews": reviews,
        }
        given = {name: source for name, source in sources.items() if source is not None}
        return enter(cls, given, options)

    @classmethod
    def scan(cls, path: str | Path, **options: Unpack[DoorOptions]) -> Dataset:
        """Scan the tables of a folder, each a Parquet or CSV file, a workbook, or a folder of them.

        Args:
            path: A folder that holds `orders.parquet`, `orders.csv` or a folder `orders`, and the
                other tables likewise; or the orders themselves: a file, a pattern, or a folder of
                files none of which has a table's name.
            **options: As in `from_frames`.

        Returns:
            The dataset, its tables still on disk.

        Raises:
            FileFormatError: There are no orders, or a file cannot be read.
            MissingColumnError: As in `from_frames`.
            ColumnTypeError: As in `from_frames`.
            RepeatedOrderIdError: As in `from_frames`.
            RowsRejectedError: As in `from_frames`.
            DefinitionError: As in `from_frames`.
        """
        from retention_kit.contracts.entrance import enter
        from retention_kit.contracts.files import tables_in

        found = tables_in(path, TABLES)
        if found is None:
            return enter(cls, {"orders": path}, options)
        if not found:
            return enter(cls, {"orders": path}, options)
        if "orders" not in found:
            raise FileFormatError(
                str(path),
                reason="it holds no table 'orders'.",
                step="name a file orders.parquet or orders.csv, or pass a file or a pattern.",
            )
        return enter(cls, found, options)

    def bucket(self, folder: str | Path, *, buckets: int = 32) -> Buckets:
        """Write the tables once as Parquet, split by the stable hash of the customer.

        Inside a bucket rows are sorted by customer, and those of one customer by their instant.
        Every function that keeps the law then runs bucket by bucket, in bounded memory, and faster
        than on unsorted files.

        Args:
            folder: An empty folder, or one that is not there yet.
            buckets: How many parts, at least 1.

        Returns:
            The buckets; `Buckets.open(folder)` finds them again.

        Raises:
            DefinitionError: The folder is not empty, or `buckets` is below 1.
        """
        from retention_kit.contracts.bucket_writing import write_buckets
        from retention_kit.contracts.buckets import Buckets

        return Buckets.open(write_buckets(self, Path(folder), buckets=buckets))
