"""Programmes in numbers: columns, tables of days and filters, the same for both evaluators."""
