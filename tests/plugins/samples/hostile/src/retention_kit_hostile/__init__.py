"""Plugins that fail in every way."""
