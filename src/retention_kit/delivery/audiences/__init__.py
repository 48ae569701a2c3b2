"""Audiences in outside systems, kept equal to who should be in them."""
