"""Who comes back: retention, repeat purchases, the next one, and who has stopped."""
