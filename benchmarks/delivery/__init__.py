"""Delivery, uploads, and reading of outside systems, beside floors."""
