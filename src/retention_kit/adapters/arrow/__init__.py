"""Whatever holds rows in this process as a source: frames, Arrow streams, iterables of mappings."""
