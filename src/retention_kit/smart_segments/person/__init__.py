"""One customer's rows, asked in pure Python: for services, without Polars."""
