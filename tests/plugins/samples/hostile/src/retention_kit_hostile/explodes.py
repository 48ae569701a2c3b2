"""Raises when it is imported."""

raise RuntimeError("a plugin that cannot be imported, token=not-a-real-secret")
