"""Databases as a source: tables, views and queries of whatever SQLAlchemy speaks with."""
