"""Points that cannot keep the limits: recorded as left out, neither trained nor failed, and trained once they may."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.random_policy import RandomPolicy
from support.searching import searched

import kwssearch as kws
from kwssearch import runs
from kwssearch.analysis.answers import answers
from kwssearch.cli.commands import main
from kwssearch.compression import MEMORY_ERROR, Forecast, forecasts
from kwssearch.errors import SpaceError
from kwssearch.report import trial_rows
from kwssearch.search import PolicyOracle
from kwssearch.search.fitting import foreseen_misses
from kwssearch.space import Limits, SearchSpace
from kwssearch.testing import tiny
from kwssearch.training import KwsHyperModel

SMALL = Limits(max_ram=6000)  # the tiny DS-CNN needs 9,984 bytes, the CNNs 4,608
STATUSES = ["completed", "left_out", "completed", "completed"]


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> SearchSpace:
    return kws.load_space(tiny.write_space(tmp_path_factory.mktemp("space") / "tiny.toml"))


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))


@pytest.fixture(scope="module")
def limited(
    tmp_path_factory: pytest.TempPathFactory, space: SearchSpace, finished: Path, words: Path, cache: Path
) -> Path:
    """A search whose limit leaves one of four trials out; not to be changed."""
    folder = tmp_path_factory.mktemp("limited")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWSSEARCH_CACHE", str(cache))
        searched(folder, space.with_limits(SMALL), words, reuse=[finished])
    return folder / "run"


@pytest.fixture
def again(limited: Path, tmp_path: Path) -> Path:
    """Where a copy of it is."""
    shutil.copytree(limited, tmp_path / "run")
    return tmp_path


@pytest.fixture
def untrainable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is trained fails."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a model was trained")

    monkeypatch.setattr(KwsHyperModel, "build", refuse)


def results(folder: Path) -> Mapping[Path, int]:
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("result*.json"))}


def test_what_cannot_fit_is_recorded_and_not_trained(limited: Path, space: SearchSpace) -> None:
    run = runs.load(limited)
    assert run.warnings == ()
    assert [trial.status for trial in run.trials] == STATUSES
    out = run.trials[1]
    assert (out.values["architecture"], out.executions, out.failures) == ("ds_cnn", (), ())
    assert out.left_out is not None
    record = out.left_out.record
    assert record["limit"] == {"activation_bytes": 6000}
    assert record["forecast"] == vars(forecasts(space, 2)["1"])
    assert record["reason"] == out.reason == "RAM 9.98 kB, asked for at most 6.00 kB"
    assert not list(limited.glob("trial_1/model*"))


def test_every_reader_says_left_out_and_none_says_failed(limited: Path) -> None:
    run = runs.load(limited)
    row = trial_rows(run)[1]
    assert (row["status"], row["executions"], row["on_front"]) == ("left_out", 0, False)
    assert answers(run).gaps[0] == "1 of 4 trials is left out, since limits cannot be kept: 1."
    for command in (["trials", limited], ["trials", limited, "--trial", "1"]):
        shown = CliRunner().invoke(main, [str(word) for word in command]).stdout
        assert "left out" in shown
        assert "failed" not in shown
    assert "Reason: RAM 9.98 kB, asked for at most 6.00 kB" in shown


def test_it_is_not_asked_again(again: Path, space: SearchSpace, words: Path, untrainable: None) -> None:
    before = results(again)
    run = searched(again, space.with_limits(SMALL), words)
    assert [trial.status for trial in run.trials] == STATUSES
    assert results(again) == before


def test_loosened_limits_train_it(again: Path, space: SearchSpace, words: Path) -> None:
    run = searched(again, space.with_limits(Limits(max_ram=10_000)), words)
    assert [trial.status for trial in run.trials] == ["completed"] * 4
    assert (again / "run" / "trial_1" / "result.left-out-1.json").exists()


def test_tightened_limits_keep_what_was_trained(
    again: Path, space: SearchSpace, words: Path, untrainable: None
) -> None:
    tight = Limits(max_ram=5000, max_memory=forecasts(space, 2)["3"].memory_bytes)
    run = searched(again, space.with_limits(tight), words)
    assert [trial.status for trial in run.trials] == STATUSES
    assert re.match(r"memory 4.\d+ kB, asked for at most 2.\d+ kB; RAM 9.98 kB, asked for", str(run.trials[1].reason))


def test_limits_that_nothing_keeps_are_one_sentence_and_leave_nothing(
    tmp_path: Path, space: SearchSpace, words: Path, untrainable: None
) -> None:
    with pytest.raises(SpaceError) as caught:
        searched(tmp_path, space.with_limits(Limits(max_flash=100, max_ram=5000)), words)
    assert str(caught.value) == (
        "tiny: none of its 4 points keeps the limits; the nearest is trial 0 (mfcc cnn α 0.05), forecast with flash "
        "5.84 kB, asked for at most 0.100 kB; loosen the limits or add smaller models."
    )
    assert list(tmp_path.iterdir()) == []


def test_accuracy_and_latency_are_not_judged_before_training(
    tmp_path: Path, space: SearchSpace, words: Path, untrainable: None
) -> None:
    run = searched(tmp_path, space.with_limits(Limits(min_accuracy=1, max_latency=0)), words)
    assert {trial.status for trial in run.trials} == {"failed"}


def test_another_oracle_is_told_and_spends_no_trial_on_it(
    tmp_path: Path, space: SearchSpace, finished: Path, words: Path
) -> None:
    limited = space.with_limits(SMALL)
    for _ in range(2):
        oracle = PolicyOracle(RandomPolicy(limited, seed=5), max_trials=3)
        run = searched(tmp_path, limited, words, oracle, reuse=[finished])
        assert sorted(trial.status for trial in run.trials) == sorted(STATUSES)
        (out,) = (trial for trial in run.trials if trial.left_out)
        assert oracle.trials[out.trial_id].status == "INVALID"


@pytest.mark.parametrize("limits, quantization, missed", [
    (Limits(max_memory=1000), "none", []),
    (Limits(max_memory=1000 / (1 + MEMORY_ERROR["none"]) + 0.1), "none", []),
    (Limits(max_memory=1000 / (1 + MEMORY_ERROR["none"]) - 0.1), "none", ["memory_bytes"]),
    (Limits(max_memory=1000 / (1 + MEMORY_ERROR["none"]) - 0.1), "int8", []),
    (Limits(max_flash=2000, max_ram=3000), "none", []),
    (Limits(max_flash=1999, max_ram=2999), "none", ["tflite_bytes", "activation_bytes"]),
    (Limits(0.9, max_latency=1), "none", []),
])  # fmt: skip
def test_zipped_sizes_are_judged_by_more_than_a_forecast_may_be_off(
    limits: Limits, quantization: str, missed: list[str]
) -> None:
    found = foreseen_misses(limits, Forecast(2000, 3000, 1000), quantization)
    assert [miss.objective.name for miss in found] == missed
