"""Conditions said in code that reads aloud; what comes of it is the same data as by hand."""
