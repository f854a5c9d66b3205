"""Models that exist, scored on other recordings: figures checked by hand, and what stands in the way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from kwssearch.analysis import Interval, by_word, wilson
from kwssearch.analysis.answered import accuracies, answered, difference, scores
from kwssearch.cli.commands import main
from kwssearch.data import load_data
from kwssearch.data.unseen import class_indices, fitting, load_unseen
from kwssearch.deploy import export
from kwssearch.errors import UserError
from kwssearch.report import load_run
from kwssearch.report.score_lines import score_lines
from kwssearch.runs import load
from kwssearch.space import DataSettings
from kwssearch.testing.words import wav, write_word_folder

WORDS = ("no", "yes")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other clips of the same two words, of which no split was made."""
    return write_word_folder(tmp_path_factory.mktemp("others") / "others", clips=12, seed=1, lists=False)


@pytest.fixture(scope="module")
def bundle(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(load(finished), "0", tmp_path_factory.mktemp("scored") / "bundle")


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def kwssearch(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["score", *map(str, arguments)])


def scored(*arguments: object) -> Any:
    ended = kwssearch(*arguments, "--json")
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout)


def refused(*arguments: object) -> str:
    ended = kwssearch(*arguments)
    assert ended.exit_code in (1, 2) and ended.stdout == ""
    return ended.stderr


def test_the_search_s_own_test_clips_score_as_they_did(finished: Path, words: Path, tmp_path: Path) -> None:
    for clip in load_data(words).splits["test"]:
        (tmp_path / clip.path).parent.mkdir(exist_ok=True)
        shutil.copy(words / clip.path, tmp_path / clip.path)
    run = load(finished)
    record = scored(finished, "--data", tmp_path, "--trial", 0, "--trial", 2)
    assert [trial["trial_id"] for trial in record["trials"]] == ["0", "2"]
    assert (record["clips"], record["speakers"]) == (16, 4)
    for trial in record["trials"]:
        own = run.trial(trial["trial_id"])
        assert trial["accuracy"][0] == trial["own_accuracy"][0] == own.accuracy
        assert trial["difference"][0] == 0 and trial["difference"][1] < 0 < trial["difference"][2]
        assert {key: trial[key] for key in ("words", "mistakes")} == {
            key: value for key, value in by_word(run, own).to_dict().items() if key != "balanced_accuracy"
        }


def test_models_of_the_front_are_scored_by_default(finished: Path, others: Path) -> None:
    record = scored(finished, "--data", others)
    on_front = {trial_id for trial_id in load_run(finished).front().index}
    assert {trial["trial_id"] for trial in record["trials"]} == on_front
    assert (record["clips"], record["speakers"], record["sampling_rate"]) == (24, 6, 16_000)
    first = record["trials"][0]
    assert "against_first" not in first
    assert all(t["against_first"]["trial_id"] == first["trial_id"] for t in record["trials"][1:])
    own = [trial["own_accuracy"][0] for trial in record["trials"]]
    assert own == sorted(own, reverse=True)


def test_a_bundle_scores_as_its_trial(finished: Path, bundle: Path, others: Path) -> None:
    (of_bundle,) = scored(bundle, "--data", others)["trials"]
    (of_run,) = scored(finished, "--data", others, "--trial", 0)["trials"]
    for key in ("trial_id", "name", "sha256", "accuracy", "words", "mistakes"):
        assert of_bundle[key] == of_run[key], key
    assert of_bundle["own_accuracy"][0] == of_run["own_accuracy"][0]


def test_python_gives_the_same_record(finished: Path, others: Path) -> None:
    assert load_run(finished).score(others, "0", "1") == scored(finished, "--data", others, "--trial", 0, "--trial", 1)


def test_figures_of_three_models_by_hand() -> None:
    """Eight clips of four speakers: 7, 6 and 6 right; the last two differ from the first by one and by three clips."""
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    answers = {
        "a": np.array([0, 0, 0, 1, 1, 1, 1, 1]),
        "b": np.array([0, 0, 1, 1, 1, 1, 1, 1]),
        "c": np.array([0, 0, 0, 0, 1, 1, 0, 0]),
    }
    before = dict.fromkeys(answers, Interval(0.5, 0.4, 0.6))
    found = scores(answered(WORDS, labels, [*"ppqqrrss"], answers), before)
    assert [record["accuracy"][0] for record in found] == [7 / 8, 6 / 8, 6 / 8]
    assert [record["difference"][0] for record in found] == [3 / 8, 2 / 8, 2 / 8]
    assert [record["against_first"]["difference"][0] for record in found[1:]] == [-1 / 8, -1 / 8]
    narrow, wide = (np.ptp(record["against_first"]["difference"][1:]) for record in found[1:])
    assert narrow < wide
    no, yes = found[0]["words"]
    assert (no["clips"], no["recall"], yes["recall"], yes["precision"]) == (4, 3 / 4, 1.0, 4 / 5)
    assert (no["recall_low"], no["recall_high"]) == pytest.approx((0.3006, 0.9544), abs=1e-4)  # Wilson, 3 of 4


def test_a_difference_of_two_samples_is_newcombe_s() -> None:
    """His example (1998, table II): 56 of 70 less 48 of 80."""
    first, second = Interval(56 / 70, *wilson(56, 70)), Interval(48 / 80, *wilson(48, 80))
    assert difference(first, second) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_clips_of_one_voice_are_drawn_together() -> None:
    labels = np.zeros(400, dtype=np.int64)
    said = np.repeat(np.arange(40) % 4 == 0, 10).astype(np.int64)
    voices, clips = (
        accuracies(answered(WORDS, labels, who, {"0": said}))["0"] for who in (np.arange(400) // 10, np.arange(400))
    )
    assert voices.value == clips.value == 0.75
    assert np.ptp(voices[1:]) > 2 * np.ptp(clips[1:])


def test_a_word_without_clips_is_told_and_leaves_the_comparison(finished: Path, others: Path, tmp_path: Path) -> None:
    shutil.copytree(others / "yes", tmp_path / "yes")
    record = scored(finished, "--data", tmp_path, "--trial", 0)
    run = load(finished)
    is_yes = run.labels == run.words.index("yes")
    (trial,) = record["trials"]
    assert trial["own_accuracy"][0] == pytest.approx(np.mean(run.trials[0].executions[0].predictions[is_yes]))
    assert any("holds no clip of no" in text for text in record["warnings"])
    assert any("test accuracy is over these classes" in text for text in record["warnings"])
    assert trial["words"][run.words.index("no")]["recall"] is None
    assert not any(line.startswith("no ") for line in score_lines(record))


def test_every_clip_counts_whatever_lists_say(finished: Path, others: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(others, tmp_path / "listed"))
    (folder / "testing_list.txt").write_text("yes/speaker000_nohash_0.wav\nyes/gone.wav\n")
    (folder / "train_list.txt").write_text("no/speaker001_nohash_0.wav\n")
    listed, plain = (scored(finished, "--data", place, "--trial", 0)["trials"] for place in (folder, others))
    assert listed == plain


def test_doubts_are_told(finished: Path, words: Path, others: Path, tmp_path: Path) -> None:
    for word, source in (("yes", words), ("no", others)):
        (tmp_path / word).mkdir()
        for name in ("speaker000_nohash_0.wav", "speaker000_nohash_1.wav"):
            shutil.copy(source / word / name, tmp_path / word / name)
    record = scored(finished, "--data", tmp_path, "--trial", 0)
    told = "\n".join(record["warnings"])
    assert "fewer than 10 clips of a word (no 2, yes 2)" in told
    assert "2 of 4 clips were trained on" in told
    assert "1 speaker alone" in told and "the names of 1 of 1 speaker are those of voices that were trained on" in told
    apart = scored(finished, "--data", tmp_path, "--trial", 0, "--speaker", r"/(.*)\.wav")
    assert apart["speakers"] == 2


def test_a_lower_rate_is_told(finished: Path, tmp_path: Path) -> None:
    folder = write_word_folder(tmp_path / "words", clips=4, rate=8000, lists=False)
    record = scored(finished, "--data", folder, "--trial", 0)
    assert any("has 8,000 Hz where models hear 16,000 Hz" in text for text in record["warnings"])


def test_other_words_are_unknown_where_models_have_that_class(tmp_path: Path) -> None:
    folder = write_word_folder(tmp_path / "words", ("no", "yes", "cat", "_unknown_"), clips=4, lists=False)
    settings = DataSettings(unknown=("elsewhere",), silence=("builtin",))
    data = load_unseen(folder, settings, ("no", "up", "yes", "unknown", "silence"))
    assert data.words == ("no", "yes", "unknown")
    assert class_indices(data, ("no", "up", "yes", "unknown", "silence")) == [0, 2, 3]
    clips = [clip for split in data.splits.values() for clip in split]
    assert sum(data.words[clip.label] == "unknown" for clip in clips) == 4  # as many as a word has
    assert any("counted as 'unknown': cat" in text for text in data.warnings)
    assert any("holds no clip of silence, up" in text for text in data.warnings)


def test_silence_is_cut_from_the_folder_s_own_noise(tmp_path: Path) -> None:
    folder = write_word_folder(tmp_path / "words", clips=4, lists=False)
    (folder / "_background_noise_").mkdir()
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 30 * 16_000)
    (folder / "_background_noise_" / "fan.wav").write_bytes(wav(noise))
    data = load_unseen(folder, DataSettings(silence=True), (*WORDS, "silence"))
    clips = [clip for split in data.splits.values() for clip in split if data.words[clip.label] == "silence"]
    assert len(clips) == 4 and all(clip.crop for clip in clips)


def test_other_words_are_left_out_where_words_were_chosen(tmp_path: Path) -> None:
    folder = write_word_folder(tmp_path / "words", ("no", "yes", "cat"), clips=4, lists=False)
    data = load_unseen(folder, DataSettings(words=WORDS), WORDS)
    assert data.words == WORDS
    assert data.notes == ("Left out: 1 other word (cat).",)


def test_names_are_the_same_however_accents_are_stored(tmp_path: Path) -> None:
    (tmp_path / "cafe\u0301").mkdir()
    shutil.copy(next(write_word_folder(tmp_path / "x", clips=2).glob("no/*.wav")), tmp_path / "cafe\u0301" / "a.wav")
    shutil.rmtree(tmp_path / "x")
    assert fitting(tmp_path, DataSettings(), ("caf\u00e9", "th\u00e9")).words == ("cafe\u0301",)


FAULTS: Mapping[str, str] = {
    "own": "is what the models of",
    "stranger": "holds 1 word that the models do not know (cat), expected some of no, yes; take it out of the folder.",
    "strangers alone": "holds none of the models' words, expected some of no, yes",
    "nothing": "is not a folder",
    "no clip": "holds no clip that can be scored",
    "broken": "is an empty file",
}


@pytest.mark.parametrize("kind", FAULTS)
def test_folders_that_cannot_be_scored(kind: str, finished: Path, words: Path, others: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    if kind == "own":
        folder = words
    elif kind in ("stranger", "strangers alone"):
        shutil.copytree(others / "yes", folder / "cat")
        shutil.copytree(others / "no", folder / ("no" if kind == "stranger" else "dog"))
    elif kind in ("no clip", "broken"):
        (folder / "yes").mkdir(parents=True)
        (folder / "yes" / ("a.wav" if kind == "broken" else "a.mp3")).touch()
    told = refused(finished, "--data", folder)
    assert FAULTS[kind] in told
    assert len(told.strip().splitlines()) == 1


def test_models_that_are_gone(run: Path, others: Path) -> None:
    record = scored(run, "--data", others)
    gone, *there = (trial["trial_id"] for trial in record["trials"])
    (run / f"trial_{gone}" / "model.tflite").unlink()
    assert "copy it from where the run was searched" in refused(run, "--data", others, "--trial", gone)
    again = scored(run, "--data", others) if there else {"trials": [], "warnings": []}
    assert [trial["trial_id"] for trial in again["trials"]] == there
    assert not there or f"the model of trial {gone} is gone and not scored" in again["warnings"][0]
    for path in run.glob("trial_*/model.tflite"):
        path.unlink()
    assert "holds no model.tflite of the" in refused(run, "--data", others)


def test_what_is_no_model_is_refused(finished: Path, bundle: Path, others: Path, tmp_path: Path) -> None:
    assert "trial: got '99', expected one of" in refused(finished, "--data", others, "--trial", 99)
    assert "holds one model" in refused(bundle, "--data", others, "--trial", 0)
    assert "expected a regular expression" in refused(bundle, "--data", others, "--speaker", "(")
    assert "is neither a run (there is no run.json) nor a bundle" in refused(tmp_path, "--data", others)
    broken = Path(shutil.copytree(bundle, tmp_path / "bundle"))
    description = json.loads((broken / "model.json").read_text())
    (broken / "model.json").write_text(json.dumps({**description, "provenance": {}}))
    assert "does not say what its model was trained on" in refused(broken, "--data", others)
    (broken / "model.tflite").write_bytes(b"nothing")
    assert "holds no bundle that can be run" in refused(broken, "--data", others)
    with pytest.raises(UserError, match="speaker: got"):
        load_run(finished).score(others, "0", speaker="(")


def test_a_bundle_of_its_own_data_is_refused(bundle: Path, words: Path) -> None:
    assert "is what the models of" in refused(bundle, "--data", words)


def test_tables_fit_a_terminal(finished: Path, others: Path) -> None:
    record = load_run(finished).score(others, "0", "1", "2")
    lines = list(score_lines({**record, "data": "others"}, 80))
    assert max(map(len, lines)) <= 80
    assert lines[0] == "others: 24 clips of 6 speakers, 16,000 Hz."
    assert sum("on the same clips" in line for line in lines) == 2
