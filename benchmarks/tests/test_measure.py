"""The order of a measurement: a wrong answer keeps nothing, and the run goes on."""

import polars as pl
import pytest
from benchmarks.answers import STRETCH, normalise
from benchmarks.compare import DisagreementError, require_agreement
from benchmarks.job import Job
from benchmarks.measure import Plan, measure
from benchmarks.processes import Sample, WorkerError
from benchmarks.settings import beside, buckets_of

ENGINES = ("retention_kit", "duckdb", "group-by")
SUMS = Job("sums", "Sums", "sums", "orders", (), engines=ENGINES, shown={"sum": "plain"})
COUNTS = Job("counts", "Counts", "counts", "orders", (), engines=ENGINES)
ROWS = 1_000_000


class MadeUpProcesses:
    """Gives answers that were set, by job and engine, and counts who was asked for one."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def make_data(self, folder, rows, wanted):
        self.wanted = wanted

    def sample(self, job, engine, file, *, with_answer):
        if with_answer:
            self.asked.append((job, engine))
        answer = self.answers.get((job, engine), {"sum": 1})
        if answer is None:
            raise WorkerError(f"{job} {engine} ended with 1")
        return Sample(1.0, 1.0, 1.0), answer if with_answer else {}


def run(answers, tmp_path, repeat=2):
    processes, kept = MadeUpProcesses(answers), {}

    def keep(step, measured):
        kept[step.job.name] = measured

    plan = Plan([SUMS, COUNTS], ENGINES, [ROWS], repeat)
    return measure(plan, tmp_path, processes, keep), kept, processes


def test_answers_are_given_in_the_first_round_alone_and_floors_give_none(tmp_path):
    problems, kept, processes = run({}, tmp_path)
    assert problems.code == 0
    assert processes.asked == [
        (job, engine) for job in ("sums", "counts") for engine in ("retention_kit", "duckdb")
    ]
    assert {name: len(taken) for name, taken in kept["sums"].samples.items()} == dict.fromkeys(
        ENGINES, 2
    )
    assert kept["sums"].shown["duckdb"] == {"sum": 1}
    assert kept["sums"].compared == 1


def test_a_wrong_answer_keeps_nothing_of_its_job_and_the_run_goes_on(tmp_path):
    problems, kept, _ = run({("sums", "duckdb"): {"sum": 2}}, tmp_path)
    assert problems.code == 1
    assert "sum: retention_kit 1, duckdb 2" in problems.disagreements[0]
    assert kept.keys() == {"counts"}


def test_a_worker_that_fails_keeps_nothing_of_its_job_and_weighs_more(tmp_path):
    answers = {("sums", "duckdb"): {"sum": 2}, ("counts", "duckdb"): None}
    problems, kept, _ = run(answers, tmp_path)
    assert problems.code == 2
    assert not kept


def test_an_engine_that_took_long_is_not_measured_again_unless_told_how_often():
    long, short = Sample(1.0, 1.0, 1.0, process_seconds=21), Sample(1.0, 1.0, 1.0)
    by_size = Plan([SUMS], ENGINES, [ROWS])
    assert by_size.has_enough([long])
    assert not by_size.has_enough([short, short])
    assert not Plan([SUMS], ENGINES, [ROWS], repeat=3).has_enough([long])


def test_floats_agree_within_the_tolerance_and_counts_exactly():
    assert require_agreement(SUMS, ROWS, {"a": {"x": 1.0}, "b": {"x": 1.0 + 1e-12}}) == 1
    with pytest.raises(DisagreementError, match="x: a 1, b 2"):
        require_agreement(SUMS, ROWS, {"a": {"x": 1}, "b": {"x": 2}})


@pytest.mark.parametrize("stretch", [STRETCH, 1_000])
def test_a_table_in_a_file_is_digested_as_the_one_in_memory_in_any_order(
    monkeypatch, tmp_path, stretch
):
    table = pl.DataFrame({"customer_id": range(6_000), "orders": [1, None, 3] * 2_000})
    job = Job("by-customer", "", "", "orders", (), keys=("customer_id",))
    whole = normalise(job, table)
    monkeypatch.setattr("benchmarks.answers.STRETCH", stretch)
    table.sample(fraction=1, shuffle=True, seed=1).write_parquet(tmp_path / "answer.parquet")
    assert normalise(job, pl.scan_parquet(tmp_path / "answer.parquet")) == whole
    other = table.with_columns(pl.col("orders").reverse())
    assert normalise(job, other)["checksum"] != whole["checksum"]


def test_companions_and_buckets_lie_beside_the_file_of_a_job():
    assert beside("data/raw_csv-5-g3.csv", "customers") == "data/customers-5-g3.parquet"
    assert buckets_of("data/order_items-5-g3.parquet") == "data/buckets_orders-5-g3"
    assert buckets_of("data/points-5-g3.parquet") == "data/buckets_points-5-g3"
