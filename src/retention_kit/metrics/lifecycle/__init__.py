"""The time between purchases, and the states that follow from it."""
