"""`python -m retention_kit.testing.crashes amocrm --actions 5000 --kills 200`."""

from __future__ import annotations

import argparse
import sys

from retention_kit.testing.crashes.scenarios import SCENARIOS
from retention_kit.testing.crashes.trying import crash_test


def main() -> None:
    """Run crash tests one after another, and end with 1 where one finds anything."""
    parser = argparse.ArgumentParser(prog="python -m retention_kit.testing.crashes")
    parser.add_argument("names", nargs="*", choices=[*SCENARIOS, []], help="which emulators")
    parser.add_argument("--actions", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-limits", action="store_true")
    parser.add_argument("--no-faults", action="store_true")
    parser.add_argument("--shortest", type=float, default=0.3, help="seconds between two kills")
    parser.add_argument("--longest", type=float, default=2.5)
    asked = parser.parse_args()
    sound = True
    for name in asked.names or SCENARIOS:
        summary = crash_test(
            name,
            actions=asked.actions,
            kills=asked.kills,
            seed=asked.seed,
            limits=not asked.no_limits,
            faults=not asked.no_faults,
            shortest=asked.shortest,
            longest=asked.longest,
        )
        sys.stdout.write(f"{summary}\n")
        sound = sound and summary.is_sound
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
