"""What customers cost and what they are worth."""
