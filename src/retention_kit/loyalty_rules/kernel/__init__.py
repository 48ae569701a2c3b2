"""The one meaning of a programme: what an event does to an account, in whole numbers."""
