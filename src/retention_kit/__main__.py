"""The command line: `python -m retention_kit audit …`, a thin shell over the library."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; what it needs beyond the library is the extra `cli`."""
    try:
        from retention_kit.cli import app
    except ImportError as error:
        sys.exit(
            f"The command line needs {error.name!r}, which is not installed. "
            "Next step: pip install 'retention-kit[cli]'."
        )
    app()


if __name__ == "__main__":
    main()
