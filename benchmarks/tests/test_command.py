"""What the command line refuses, before anything is measured or written."""

import pytest
from benchmarks.__main__ import main


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--rows", "0"], "0 is below 1"),
        (["--repeat", "0"], "0 is below 1"),
        (["--jobs", "person", "--engines", "pandas"], "none of these engines does"),
        (["--render"], "there are no results in"),
    ],
)
def test_a_run_that_could_not_measure_anything_is_refused_and_the_report_stays(
    given, said, tmp_path, capsys
):
    report = tmp_path / "RESULTS.md"
    report.write_text("measured before", encoding="utf-8")
    folders = ["--results", str(tmp_path / "results"), "--data", str(tmp_path / "data")]
    with pytest.raises(SystemExit):
        main([*given, *folders, "--out", str(report)])
    assert said in capsys.readouterr().err
    assert report.read_text(encoding="utf-8") == "measured before"
