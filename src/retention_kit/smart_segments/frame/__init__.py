"""Segments over tables: everybody at once, in one plan of Polars."""
