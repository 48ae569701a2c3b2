"""`RESULTS.md`, written from the store of results."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.growth import memory, slopes
from benchmarks.job import Job
from benchmarks.origins import made_on
from benchmarks.settings import BUCKETS, FLOOR, LIBRARY, THREADS
from benchmarks.store import Result, Store
from benchmarks.summary import not_reached, read_why, summary
from benchmarks.tables import allocations, imports, sizes_in_full

_HOW_TO_READ = f"""\
## How to read this

- Each measurement ran in a process of its own, which did one job once. Engines took turns, one
  round after another. Files that fit into memory had just been read, so they came from the page
  cache.
- `{BUCKETS}` is the library over a folder that `Dataset.bucket` wrote: 32 buckets by customer, 256
  at 200 million orders. Writing them is a job of its own.
- A **best peer** is the fastest engine that is not ours and no floor.
- A job that gives a row per customer writes it to a Parquet file, in every engine, inside the
  clock.
- **median**, **min–max**: seconds on the wall clock around the job alone. The libraries had been
  imported; an engine's first use of its thread pool is inside, but for loyalty programmes of ours,
  whose kernel is compiled, and run over 10,000 rows, before the clock starts.
- **CPU**: median seconds of all threads together; other work on the machine disturbs it less.
- **peak MB**: the largest resident memory of any round, of the whole process: the interpreter and
  the libraries included, nothing subtracted.
- **× {LIBRARY}**: the median as a multiple of the library's; above 1 the library is faster.
- **× {FLOOR}**: the median as a multiple of the bare group-by's in the same job.
- **(≤ …)** beside the library's figure is what we hold it to; the timings enforce nothing.
- `{FLOOR}` is a Polars group-by by customer with one sum, `scan` a Polars scan that sums the
  columns which the job needs: floors, not rivals, for they do less than the job and give no answer.
- All other engines gave the same answer in the first round, else nothing of a job is kept: counts
  and money exactly, floats to 1e-9, those of models as `benchmarks/README.md` says; the tables say
  how many values were compared. A table of more than 5,000 rows is compared by its row count, by
  nulls, exact sums and extremes of its columns, and by a checksum over rows.
- The tables under the names of models show what was found: in brackets the difference from, or the
  multiple of, what the library found. Log-likelihoods are computed by one referee from the
  parameters. **MB on top of the data** is the peak less what the process held when the clock
  started: libraries and the loaded table. These jobs have their table in memory by then, and run
  the peers in an environment of their own; `benchmarks/README.md` says on what data.
- All engines had {THREADS} threads; pandas uses them only to read. The SQL, the pandas code and the
  floors are in `benchmarks/engines/`, written by hand for speed; a faster version is welcome.
- pandas carries money as whole ten-thousandths, since it sums decimals as Python objects.
- The timings are what this machine gave; nothing in the project fails because of them."""


def report(jobs: Sequence[Job], store: Store, pictures: Mapping[str, Path] | None = None) -> str:
    """Write the whole file.

    Args:
        jobs: All jobs, in the order in which they are shown; those without results are left out.
        store: Where the results are.
        pictures: Paths of pictures as the file names them, by job; the one of all jobs is `""`.
    """
    results: dict[str, dict[int, Result]] = {}
    for (name, rows), result in store.load().items():
        results.setdefault(name, {})[rows] = result
    shown = [job for job in jobs if job.name in results]
    parts = ["# Benchmark results", made_on(results)]
    if shown:
        parts += [summary(shown, results), not_reached(shown, results, read_why(store.folder))]
        parts += [slopes(shown, results), memory(shown, results)]
        parts += sizes_in_full(shown, results)
    if stored := store.load_file("imports.json"):
        parts.append(imports(stored))
    if stored := store.load_file("allocations.json"):
        parts.append(allocations(stored))
    delivery = store.folder / "delivery.md"
    if delivery.exists():
        parts.append(delivery.read_text(encoding="utf-8").strip())
    parts.append(_HOW_TO_READ)
    if pictures:
        parts.append(_pictures(shown, pictures))
    return "\n\n".join(parts) + "\n"


def _pictures(jobs: Sequence[Job], pictures: Mapping[str, Path]) -> str:
    shown = [
        f"![{job.title}: seconds by orders]({pictures[job.name]})"
        for job in jobs
        if job.name in pictures
    ]
    return "## Pictures\n\n" + "\n\n".join(
        [
            f"Seconds against orders, both axes logarithmic; the dashed line is `{FLOOR}`, which "
            "does less than the job.",
            *([f"![All jobs: seconds by orders]({pictures['']})"] if "" in pictures else []),
            *shown,
        ]
    )
