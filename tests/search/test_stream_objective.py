"""A search that judges models by what they miss in a stream."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import shell
from support.searching import searched

import kwssearch as kws
from kwssearch import runs
from kwssearch.analysis import Worlds, front
from kwssearch.errors import UserError
from kwssearch.listening import kept_stream
from kwssearch.listening.hearing import Model, hear
from kwssearch.listening.stream import opened
from kwssearch.runs import Run
from kwssearch.search import hearing
from kwssearch.search.hearing import heard, streams_of
from kwssearch.search.oracles import FrontOracle
from kwssearch.space import MISSES
from kwssearch.testing import tiny

OBJECTIVES = 'objectives = ["mean_miss_rate", "accuracy", "memory_bytes"]'
STREAM = """
[stream]
hours = 0.016
negatives = "{negatives}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A space that judges by a stream, and a long recording, so that nothing need be spoken."""
    folder = tmp_path_factory.mktemp("stream")
    (folder / "negatives").mkdir()
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, 120 * 16_000)
    soundfile.write(folder / "negatives" / "radio.wav", noise, 16_000)
    path = tiny.write_space(folder / "tiny.toml")
    path.write_text(f"{OBJECTIVES}\n{path.read_text()}{STREAM.format(negatives=folder / 'negatives')}")
    return folder


@pytest.fixture(scope="module")
def run(folder: Path, finished: Path, words: Path, cache: Path) -> Run:
    """Of a search that was asked what models hear after all of them were trained."""
    shutil.copytree(finished, folder / "run")
    (folder / "run" / "place.json").write_text(json.dumps({"data": str(words.resolve())}))
    assert MISSES not in runs.load(folder / "run").objectives
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWSSEARCH_CACHE", str(cache))
        return searched(folder, folder / "tiny.toml", words)


def test_each_trial_records_what_its_model_missed(run: Run) -> None:
    assert MISSES in run.objectives
    streams = json.loads((run.folder / "streams.json").read_text())["streams"]
    for trial in run.completed:
        record = trial.executions[0].record
        heard = record["listening"]
        assert record["mean_miss_rate"] == heard["mean_miss_rate"][0] == trial.figure("mean_miss_rate")
        assert record["validation_mean_miss_rate"] == heard["validation_mean_miss_rate"][0]
        assert set(heard["streams"].values()) <= set(streams)
        low, high = np.quantile(heard["draws"]["test"], [0.025, 0.975])
        assert heard["mean_miss_rate"][1:] == pytest.approx([low, high], abs=1e-4)
        assert {outcome for *_, outcome in heard["fired"]} <= {"hit", "confusion", "false accept"}
        assert sum(outcome == "false accept" for *_, outcome in heard["fired"]) == heard["false_accepts"]


def test_the_worlds_are_paired_between_models(run: Run) -> None:
    worlds = Worlds(run)
    drawn = worlds.drawn["mean_miss_rate"]
    assert drawn.shape == (1000, len(run.completed))
    np.testing.assert_array_equal(drawn[:, 1], run.completed[1].executions[0].record["listening"]["draws"]["test"])
    assert any(front(worlds, run.completed))
    decided = Worlds(run.on_validation).drawn["mean_miss_rate"]
    np.testing.assert_array_equal(
        decided[:, 0], run.completed[0].executions[0].record["listening"]["draws"]["validation"]
    )


def test_a_kept_stream_is_heard_as_the_stream_itself(run: Run, words: Path, cache: Path, monkeypatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    data = kws.load_data(words, run.space.data_settings)
    front_ends = list(run.space.features.values())
    content = (run.folder / "trial_1" / "model.tflite").read_bytes()
    model = Model("1", "one", content, front_ends[0], (0, 1))
    kept = kept_stream(data, "test", run.space.stream, front_ends)
    with opened(data, "test", run.space.stream) as stream:
        assert stream.truth == kept.truth
        (heard,), digest = hear(stream, [model], run.space.stream, lambda done, total: None)
    assert digest == kept.sha256
    again = kept.heard_by(model, run.space.stream)
    np.testing.assert_array_equal(again.scores, heard.scores)
    np.testing.assert_array_equal(again.best, heard.best)
    np.testing.assert_array_equal(again.ends, heard.ends)


def test_models_that_were_trained_before_it_was_asked_are_not_trained_again(run: Run, finished: Path) -> None:
    before = runs.load(finished)
    for trial, own in zip(before.trials, run.trials, strict=True):
        first, second = trial.executions[0].record, own.executions[0].record
        heard = {"listening", "mean_miss_rate", "validation_mean_miss_rate"}
        assert {key: second[key] for key in second.keys() - heard - {"ended"}} == {
            key: value for key, value in first.items() if key != "ended"
        }


def test_a_worker_to_which_the_stream_sounds_otherwise_is_refused(
    run: Run, words: Path, cache: Path, monkeypatch
) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    data = kws.load_data(words, run.space.data_settings)
    trial, streams = run.trials[1], streams_of(run.space, data)
    expected = {split: stream.sha256 for split, stream in streams.items()}
    content = (run.folder / "trial_1" / "model.tflite").read_bytes()
    figures = heard(content, trial.planned, run.space, data, expected)
    assert figures["listening"]["draws"] == trial.executions[0].record["listening"]["draws"]
    with pytest.raises(UserError, match="the test stream has other samples here"):
        heard(content, trial.planned, run.space, data, {**expected, "test": "0"})


def test_a_folder_that_is_written_otherwise_is_not_heard_again(
    run: Run, folder: Path, words: Path, cache: Path
) -> None:
    absolute = (folder / "tiny.toml").read_text()
    relative = folder / "relative" / "tiny.toml"
    relative.parent.mkdir()
    relative.write_text(absolute.replace(str(folder / "negatives"), "../negatives"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWSSEARCH_CACHE", str(cache))
        patch.setattr(hearing, "hear_again", None)
        again = searched(folder, relative, words)
    assert [trial.executions[0].record for trial in again.trials] == [t.executions[0].record for t in run.trials]
    assert again.space.stream.negatives == str((folder / "negatives").resolve())
    assert json.loads((again.folder / "run.json").read_text())["space"]["stream"]["negatives"] == "../negatives"


@pytest.mark.parametrize("objectives", [OBJECTIVES, 'objectives = ["mean_miss_rate", "memory_bytes"]'])
def test_a_search_for_the_front_goes_by_what_is_heard(
    objectives: str, folder: Path, tmp_path: Path, finished: Path, words: Path, cache: Path
) -> None:
    space = tmp_path / "tiny.toml"
    space.write_text((folder / "tiny.toml").read_text().replace(OBJECTIVES, objectives).replace("0.5, 0.8", "0.5, 0.7"))
    made = tmp_path / "run"
    told = shell.kwssearch(
        "run", space, "--search", "front", "--data", words, "--out", made, "--reuse", finished, cache=cache
    )
    assert told.returncode == 0, told.stderr
    run = runs.load(made)
    assert run.record["oracle"] == "front"
    assert {trial.status for trial in run.trials} <= {"completed", "skipped"}
    oracle = FrontOracle(run.space)
    oracle.take_up(run)
    seen = {str(each.values): each.figures for each in oracle._seen()}
    for trial in run.completed:
        deciding = trial.executions[0].record["listening"]["validation_mean_miss_rate"][0]
        assert seen[str(trial.values)]["mean_miss_rate"] == deciding
    shown = shell.kwssearch("front", made, "--max-misses", "100%", "--json", cache=cache)
    assert {row["trial_id"] for row in json.loads(shown.stdout)} <= {trial.trial_id for trial in run.completed}
