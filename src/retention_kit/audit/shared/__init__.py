"""Answers to what an audit asks of a part, all from one sorted history of its sales."""
