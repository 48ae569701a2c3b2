"""Carries actions to a channel once each, whatever fails on the way."""
