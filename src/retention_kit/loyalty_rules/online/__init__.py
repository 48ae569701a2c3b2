"""One customer's account: what an order would earn, what an event does to it, in pure Python.

Importing and using what lives here loads neither Polars nor NumPy, starts no thread and holds no
lock, so that servers may fork.
"""
