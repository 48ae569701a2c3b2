"""What dlt reads as a source: its resources, its sources and the datasets that it loaded."""
