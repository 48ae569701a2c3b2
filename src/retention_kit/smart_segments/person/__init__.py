"""One customer's rows, asked in pure Python: for services, without Polars.

Importing and using what lives here loads neither Polars nor NumPy, starts no thread and holds no
lock, so that servers may fork.
"""
