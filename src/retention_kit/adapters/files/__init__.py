"""Files as a source: Parquet, CSV and workbooks, folders of them, and patterns."""
