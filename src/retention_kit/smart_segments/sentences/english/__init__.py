"""Conditions said in English."""
