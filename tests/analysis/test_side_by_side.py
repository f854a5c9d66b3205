"""Two runs against each other: what is found to differ, which trials are the same, how sure a difference is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import kwssearch as kws
from kwssearch.analysis import SideBySide
from kwssearch.cli.commands import main
from kwssearch.runs import load
from kwssearch.space import load_space
from kwssearch.testing import recorded

LAB = load_space("lab4")


def better(values):
    figures = recorded.lab_figures(values)
    return figures._replace(accuracy=figures.accuracy + 0.02, memory_bytes=2 * figures.memory_bytes)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The lab, and the lab with two points more of accuracy at twice the bytes; front ends have other names there."""
    folder = tmp_path_factory.mktemp("two")
    recorded.write(folder / "one", space=LAB, executions=2)
    text = (
        json.dumps(LAB.with_recipe(epochs=30).to_dict())
        .replace("mfcc", "cepstra")
        .replace('"kind": "cepstra"', '"kind": "mfcc"')
    )
    recorded.write(folder / "other", space=json.loads(text), figures=renamed(better), executions=2, seed=0)
    return folder / "one", folder / "other"


def renamed(figures):
    return lambda values: figures({**values, "features": values["features"].replace("cepstra", "mfcc")})


@pytest.fixture(scope="module")
def both(runs: tuple[Path, Path]) -> SideBySide:
    return SideBySide(*map(load, runs))


def test_trials_are_the_same_by_their_settings_not_their_names(both: SideBySide) -> None:
    assert len(both.pairs) == 22
    assert {pair.one.values["features"].replace("mfcc", "cepstra") for pair in both.pairs} == {"log_mel", "cepstra"}
    assert all(pair.one.trial_id == pair.other.trial_id for pair in both.pairs)


def test_what_differs_is_said(both: SideBySide) -> None:
    assert "recipe.epochs was 20 and is 30" in both.differences
    assert not any("data set" in phrase for phrase in both.differences)


def test_differences_are_paired_where_the_clips_are_the_same(both: SideBySide) -> None:
    assert both.paired
    average = both.average
    observed = np.mean([pair.other.accuracy - pair.one.accuracy for pair in both.pairs])
    assert average.value == pytest.approx(observed)
    assert average.low < average.value < average.high
    assert all(pair.ratios["memory_bytes"] == pytest.approx(2, rel=0.01) for pair in both.pairs)


def test_a_run_differs_from_itself_in_nothing(both: SideBySide) -> None:
    same = SideBySide(both.one, both.one)
    assert same.differences == []
    assert same.average.value == pytest.approx(0, abs=1e-12)
    assert same.average.includes(0)


def test_other_clips_are_not_paired_and_less_sure(both: SideBySide, runs: tuple[Path, Path], tmp_path: Path) -> None:
    recorded.write(tmp_path / "third", space=LAB, executions=2, speakers=390)
    apart = SideBySide(both.one, load(tmp_path / "third"))
    assert not apart.paired
    same = SideBySide(both.one, both.other)
    assert width(apart) > 1.3 * width(same)


def width(both: SideBySide) -> float:
    assert both.average is not None
    return both.average.high - both.average.low


def test_runs_that_share_no_trial_say_so(both: SideBySide) -> None:
    none = SideBySide(replace(both.one, trials=both.one.trials[:1]), replace(both.other, trials=both.other.trials[1:2]))
    assert none.pairs == []
    assert none.average is None


def test_the_command_and_python_say_the_same(runs: tuple[Path, Path]) -> None:
    one, other = runs
    told = CliRunner().invoke(main, ["diff", str(one), str(other)], env={"COLUMNS": "120"})
    assert told.exit_code == 0, told.output
    assert "recipe.epochs was 20 and is 30" in told.stdout
    assert "22 trials in both, of 22 and 22 that are completed." in told.stdout
    record = json.loads(CliRunner().invoke(main, ["diff", str(one), str(other), "--json"]).stdout)
    table = kws.load_run(one).diff(kws.load_run(other))
    assert list(table.index) == [row["trial_id"] for row in record["trials"]]
    assert table.attrs["paired"] is record["paired"] is True
