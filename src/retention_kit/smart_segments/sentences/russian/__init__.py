"""Conditions said in Russian."""
