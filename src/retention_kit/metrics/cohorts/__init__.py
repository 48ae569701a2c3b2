"""Customers by the period of their first sale, followed through the periods after it."""
