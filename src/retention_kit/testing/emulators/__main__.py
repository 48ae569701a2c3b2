"""Serves one emulator from the command line: `python -m retention_kit.testing.emulators NAME`."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence

from retention_kit.errors import RetentionKitError
from retention_kit.testing.emulators.registry import EMULATORS, emulator_class


def main(arguments: Sequence[str] | None = None, *, until: threading.Event | None = None) -> int:
    """Serve one emulator until Ctrl-C.

    Args:
        arguments: What stands on the command line; that of the process unless given.
        until: Serves until it is set, too.

    Returns:
        The exit code: 0, or 1 where it cannot be served.
    """
    parser = argparse.ArgumentParser(
        prog="python -m retention_kit.testing.emulators",
        description="Serve an emulator of an outside system on 127.0.0.1 until Ctrl-C.",
    )
    parser.add_argument("name", choices=sorted(EMULATORS))
    parser.add_argument("--port", type=int, default=0, help="a free one unless given")
    parser.add_argument(
        "--seed-data", type=int, metavar="N", help="fill it with N invented people and their orders"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is invented and picked")
    parser.add_argument("--no-limits", action="store_true", help="as many requests as one likes")
    chosen = parser.parse_args(arguments)
    try:
        emulator = emulator_class(chosen.name)(
            limits=not chosen.no_limits, seed=chosen.seed, port=chosen.port
        )
        if chosen.seed_data:
            emulator.populate(
                customers=chosen.seed_data, orders=3 * chosen.seed_data, seed=chosen.seed
            )
        with emulator:
            for name, value in emulator.credentials().items():
                sys.stdout.write(f"{name}: {value}\n")
            sys.stdout.flush()
            _wait(until or threading.Event())
    except RetentionKitError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _wait(until: threading.Event) -> None:
    try:
        until.wait()
    except KeyboardInterrupt:
        sys.stdout.write("\n")


if __name__ == "__main__":
    sys.exit(main())
