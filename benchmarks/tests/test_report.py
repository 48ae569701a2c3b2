"""The report of a small made-up store, the goals in it, and the estimate of a run."""

import dataclasses

import pytest
from benchmarks.estimate import estimate
from benchmarks.goals import missed, slope
from benchmarks.job import Job, Limit
from benchmarks.measure import Plan
from benchmarks.pictures import draw
from benchmarks.processes import Sample
from benchmarks.report import report
from benchmarks.sizes import ROWS
from benchmarks.store import Entry, Origin, Result, Store

ENGINES = ("retention_kit", "buckets", "duckdb", "pandas", "group-by")
JOB = Job("sums", "Sums", "sums", "orders", ("amount",), engines=ENGINES, limit=Limit(3))
SIZES = (1_000_000, 10_000_000, 200_000_000)


def entry(seconds, peak_mb=100.0):
    origin = Origin("2026-11-22", "abc1234", {"Cores": "2", "DuckDB": "1.5.0"})
    return Entry([Sample(seconds, 2 * seconds, peak_mb, 50.0, seconds + 1)], {}, origin)


def result(rows, **seconds):
    entries = {engine.replace("_by", "-by"): entry(taken) for engine, taken in seconds.items()}
    return Result("sums", rows, 7, entries)


@pytest.fixture
def store(tmp_path):
    kept = Store(tmp_path / "results")
    kept.keep(result(1_000_000, retention_kit=0.1, duckdb=0.2, pandas=0.4, group_by=0.05))
    kept.keep(result(10_000_000, retention_kit=1.0, duckdb=0.8, pandas=4.0, group_by=0.25))
    kept.keep(result(200_000_000, retention_kit=20.0, buckets=15.0, duckdb=25.0))
    return kept


def by_size(store):
    return {"sums": {rows: one for (_, rows), one in store.load().items()}}


def test_what_is_kept_is_read_again(store):
    ours = store.load()["sums", 10_000_000].entries["retention_kit"]
    assert ours == entry(1.0)


def test_measuring_one_engine_again_replaces_it_and_leaves_the_others(store):
    store.keep(result(10_000_000, retention_kit=0.5))
    entries = store.load()["sums", 10_000_000].entries
    assert entries["retention_kit"].seconds == 0.5
    assert entries["duckdb"].seconds == 0.8


def test_a_job_that_is_slower_than_the_best_peer_and_than_its_floor_allows_misses_both(store):
    marks = [one.mark for one in missed(JOB, 10_000_000, by_size(store))]
    assert marks == ["peer", "floor"]
    assert missed(JOB, 1_000_000, by_size(store)) == []


def test_memory_is_bounded_at_the_largest_size(store):
    large = store.load()["sums", 200_000_000]
    large.entries["retention_kit"] = entry(20.0, peak_mb=8_001)
    large.entries["buckets"] = entry(20.0, peak_mb=1_999)
    results = by_size(store)
    results["sums"][200_000_000] = large
    assert [one.text for one in missed(JOB, 200_000_000, results)] == [
        "8,001 MB by retention_kit, wanted at most 8,000"
    ]


def test_the_slope_of_cost_in_proportion_is_one(store):
    assert slope(by_size(store)["sums"]) == pytest.approx(1.0)
    assert slope({10: result(10, retention_kit=1.0)}) is None


def test_cost_that_grows_faster_than_the_orders_is_missed():
    results = {"sums": {10**6: result(10**6, retention_kit=0.1)}}
    results["sums"][10**7] = result(10**7, retention_kit=1.2)
    assert [one.mark for one in missed(JOB, 10**7, results)] == ["growth"]


def test_the_report_marks_a_missed_goal_and_says_why(store):
    text = report([JOB], store)
    assert "|  | 10 M | 1.000 | – | 0.800 duckdb | 1.25 | 4.00 (≤ 3) | 100 | – |" in text
    assert "**peer, floor**" in text
    assert "| Sums | 10 M | 1.25 × duckdb, wanted at most 1 | unexplained |" in text
    assert "| Sums | 10 M | 4.00 × group-by, wanted at most 3 | unexplained |" in text
    (store.folder / "why.toml").write_text('sums = "Sums are hard."', encoding="utf-8")
    assert report([JOB], store).count("| Sums are hard. |") == 2


def test_each_missed_goal_has_the_sentence_that_is_nearest_to_it(store):
    said = '[sums]\n"10 M floor" = "Floors are low."\n"10 M" = "Ten."\npeer = "Peers are fast."\n'
    (store.folder / "why.toml").write_text(said, encoding="utf-8")
    text = report([JOB], store)
    assert "1.25 × duckdb, wanted at most 1 | Peers are fast. |" in text
    assert "4.00 × group-by, wanted at most 3 | Floors are low. |" in text


def test_the_report_says_how_cost_grows_and_marks_what_grows_too_fast(store):
    assert "| Sums | 1 M, 10 M, 200 M | 1.00 | – | 0.92 |" in report([JOB], store)
    store.keep(result(10_000_000, buckets=0.5))
    text = report([JOB], store)
    assert "| Sums | 1 M, 10 M, 200 M | 1.00 | **1.14** | 0.92 |" in text
    assert "slope 1.14 of buckets, wanted at most 1.05" in text


def test_the_report_sets_memory_at_the_largest_size_beside_its_limits(store):
    large = store.load()["sums", 200_000_000]
    large.entries["buckets"] = entry(15.0, peak_mb=2_500)
    store.keep(large)
    text = report([JOB], store)
    assert "| job | retention_kit (≤ 8000) | buckets (≤ 2000) | best peer |" in text
    assert "| Sums | 100 | **2,500** | 100 duckdb |" in text


def test_one_run_stands_with_its_day_and_versions(store):
    text = report([JOB], store)
    assert "- Cores: 2" in text
    assert "| 200 M | 2026-11-22 | abc1234 | 1.5.0 | all |" in text


def test_several_runs_stand_by_size_with_their_days_and_versions(store):
    machine = {"Cores": "2", "DuckDB": "2.0.0", "In the environment of the peers": "pymc 5"}
    later = Entry([Sample(0.7, 1.4, 100.0)], {}, Origin("2026-11-23", "def5678", machine))
    store.keep(Result("sums", 10_000_000, 7, {"duckdb": later}))
    text = report([JOB], store)
    assert "Made on 2026-11-22 to 2026-11-23" in text
    assert "- Cores: 2" in text
    assert "- DuckDB:" not in text
    assert "- In the environment of the peers: pymc 5" in text
    assert "| 1 M | 2026-11-22 | abc1234 | 1.5.0 | all |" in text
    assert "| 10 M | 2026-11-22 | abc1234 | 1.5.0 | sums: group-by, pandas, retention_kit |" in text
    assert "| 10 M | 2026-11-23 | def5678 | 2.0.0 | sums: duckdb |" in text


def test_the_report_of_an_empty_store_says_how_to_read_it(tmp_path):
    assert "## How to read this" in report([JOB], Store(tmp_path))


def test_the_report_shows_what_was_kept_beside(store):
    (store.folder / "delivery.md").write_text("## Delivery\n\nA table.\n", encoding="utf-8")
    calls = {"quote": {"peak_bytes": 48_364, "kept_bytes": 1_696, "kept_blocks": 21}}
    store.keep_file("allocations.json", {"calls": calls})
    text = report([JOB], store)
    assert "## Delivery\n\nA table.\n" in text
    assert "| a quote for an account of 50 open lots | 48,364 | 1,696 | 21 |" in text


def test_pictures_are_drawn_of_jobs_at_two_sizes_and_old_ones_go(store, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "gone.svg").write_text("<svg/>", encoding="utf-8")
    once = dataclasses.replace(JOB, name="once")
    store.keep(dataclasses.replace(result(10_000_000, retention_kit=1.0), job="once"))
    # A line that ends at the upper edge, where its name is moved down.
    store.keep(result(200_000_000, duckdb=29.9))
    drawn = draw([JOB, once], store, folder)
    assert sorted(file.name for file in folder.iterdir()) == ["overview.svg", "sums.svg"]
    assert drawn.keys() == {"sums", ""}
    picture = drawn["sums"].read_text(encoding="utf-8")
    assert all(said in picture for said in ("Sums", "200 M", "buckets", "duckdb", "group-by"))


def test_a_plan_says_who_takes_part_at_which_size():
    plan = Plan([JOB], ENGINES, SIZES)
    assert [(step.rows, list(step.engines)) for step in plan.steps()] == [
        (1_000_000, ["retention_kit", "buckets", "duckdb", "pandas", "group-by"]),
        (10_000_000, ["retention_kit", "buckets", "duckdb", "pandas", "group-by"]),
        (200_000_000, ["retention_kit", "buckets", "duckdb"]),
    ]
    assert [plan.rounds(rows) for rows in ROWS] == [3, 3, 2, 1]


def test_models_are_measured_once():
    fitted = dataclasses.replace(JOB, in_memory=True)
    assert [step.rows for step in Plan([fitted], ENGINES, SIZES).steps()] == [10_000_000]
    assert [step.rows for step in Plan([fitted], ENGINES, SIZES[:1]).steps()] == [1_000_000]


def test_a_run_is_estimated_by_what_was_measured_at_the_nearest_size(store):
    plan = Plan([JOB], ["duckdb"], [10_000_000, 50_000_000], repeat=2)
    (_, known), (_, scaled) = estimate(plan, store.load())
    assert known == pytest.approx(2 * (0.8 + 1.0))
    assert scaled == pytest.approx(2 * (0.8 * 5 + 1.0))


def test_what_was_never_measured_is_guessed_by_job_and_engine():
    in_memory = dataclasses.replace(JOB, in_memory=True)
    heavy = dataclasses.replace(JOB, name="audit")
    taken = {
        engine: [
            seconds
            for job in (JOB, heavy, in_memory)
            for _, seconds in estimate(Plan([job], [engine], [10_000_000], repeat=1), {})
        ]
        for engine in ("retention_kit", "buckets", "pandas")
    }
    assert taken["retention_kit"] == pytest.approx([0.9 + 1.4, 0.9 + 8.0, 0.9 + 5.0])
    assert taken["buckets"] == pytest.approx([0.9 + 2.1, 0.9 + 12.0, 0.9 + 5.0])
    assert taken["pandas"] == pytest.approx([2.0 + 7.0, 2.0 + 7.0, 2.0 + 5.0])
