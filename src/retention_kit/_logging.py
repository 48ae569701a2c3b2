"""The library's loggers: silent unless the application listens.

Apart from the root, because importing `logging` takes longer than importing everything else there.
"""

import logging

logging.getLogger("retention_kit").addHandler(logging.NullHandler())


def get_logger(name: str) -> logging.Logger:
    """Give the logger of a module."""
    return logging.getLogger(name)
