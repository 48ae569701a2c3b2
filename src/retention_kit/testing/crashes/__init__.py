"""Killing a process that dispatches, again and again, and counting what happened outside."""
