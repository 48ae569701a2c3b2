"""Programmes as data: frozen, typed, JSON in both directions, and without Polars."""
