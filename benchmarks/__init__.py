"""Benchmarks of retention_kit beside hand-written DuckDB SQL, pandas and Polars floors."""
