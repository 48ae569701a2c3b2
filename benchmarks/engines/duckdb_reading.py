"""The text of the queries about reading an export of orders: CSV read, cast, checked and kept."""

from benchmarks.engines.sunk import COMPRESSION

READ = """
CREATE TEMP TABLE export AS
SELECT * FROM read_csv('{file}', header = true, columns = {{
    'order_id': 'BIGINT', 'customer_id': 'BIGINT', 'ordered_at': 'TIMESTAMPTZ',
    'amount': 'DOUBLE', 'kind': 'VARCHAR', 'status': 'VARCHAR'}})
"""
"""Parsed once; the checks look at the table."""

VIEW = "CREATE VIEW orders AS SELECT *, rowid AS file_row_number FROM export"

KEEP = f"""
COPY (
    SELECT order_id, customer_id, ordered_at, amount::DECIMAL(18, 4) AS amount, kind, status
    FROM orders ANTI JOIN rejected USING (file_row_number)
    WHERE customer_id IS NOT NULL
) TO '{{answer}}' (FORMAT parquet, COMPRESSION {COMPRESSION})
"""
