"""Conditions as facts and checks: the one meaning that both evaluators answer."""
