"""What involves two customers, or the calendar, turned into events of one customer each."""
