"""What an entry or a quote says, in a sentence: which rule, which basis, which cap, which tier."""
