"""From actions to what became of them: planned, claimed, handed over, settled."""
