"""What programmes would have cost on the orders of the past, and who would have had what."""
