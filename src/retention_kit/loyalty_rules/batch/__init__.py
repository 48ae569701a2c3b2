"""A programme over a whole history: events prepared by Polars, taken by the compiled kernel."""
