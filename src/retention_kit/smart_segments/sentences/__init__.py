"""Conditions and segments said in words, in English and in Russian."""
