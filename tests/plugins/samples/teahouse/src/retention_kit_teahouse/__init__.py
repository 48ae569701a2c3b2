"""The tills of teahouses: their bills as orders, messages to their guests."""
