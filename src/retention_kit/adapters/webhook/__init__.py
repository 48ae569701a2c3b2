"""Actions as CloudEvents, posted to whatever takes them, signed by Standard Webhooks."""
