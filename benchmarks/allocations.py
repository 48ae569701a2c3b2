"""What single calls allocate: `python -m benchmarks.allocations`.

The evaluator of a person and a quote are called for one customer at a time, in the process of a
shop: what counts there is how much memory a call takes beyond what it started with, and how many
blocks its answer keeps. The last line of the output is JSON.
"""

import gc
import json
import tracemalloc
from collections.abc import Callable
from statistics import median

from benchmarks.customers_asked import AS_OF, customers
from benchmarks.engines.loyalty_said import account_of, order_of, tiered
from benchmarks.engines.segments_said import ten_conditions
from benchmarks.settings import SHOP_ZONE
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.posting import post
from retention_kit.loyalty_rules.online.quoting import quote
from retention_kit.smart_segments import compile_segment

CALLS = 50
_WARM = 5

Call = Callable[[int], object]


def main() -> None:
    print(json.dumps({name: counted(call) for name, call in _calls().items()}))


def counted(call: Call) -> dict[str, float]:
    """Call again and again, and give the medians of what a call takes and what its answer keeps.

    Args:
        call: Gets the number of the call; the first few are not counted.

    Returns:
        - `peak_bytes`: the most that was allocated at a time during the call.
        - `kept_bytes`, `kept_blocks`: what is still allocated while its answer is held.
    """
    for number in range(_WARM):
        call(number)
    peaks, kept, blocks = [], [], []
    gc.collect()
    gc.disable()
    try:
        for number in range(_WARM, _WARM + CALLS):
            tracemalloc.start()
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            answer = call(number)
            after, peak = tracemalloc.get_traced_memory()
            held = tracemalloc.take_snapshot().filter_traces(
                [tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__)]
            )
            tracemalloc.stop()
            peaks.append(peak - before)
            kept.append(after - before)
            blocks.append(len(held.traces))
            del answer
    finally:
        gc.enable()
    return {
        "peak_bytes": median(peaks),
        "kept_bytes": median(kept),
        "kept_blocks": median(blocks),
    }


def _calls() -> dict[str, Call]:
    people, ask = customers(), compile_segment(ten_conditions()).is_member
    program = compile_program(tiered(), time_zone=SHOP_ZONE)
    account = account_of(program)
    orders = [order_of(number) for number in range(_WARM + CALLS)]
    return {
        "person": lambda number: ask(people[number], AS_OF),
        "quote": lambda number: quote(account, orders[number], program),
        "post": lambda number: post(account, orders[number], program),
    }


if __name__ == "__main__":
    main()
