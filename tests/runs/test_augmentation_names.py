"""Augmentation as an axis of named settings."""

from pathlib import Path

import numpy as np
import pytest
from support.spaces import MINI

from kwssearch.errors import SpaceError
from kwssearch.runs import training_name
from kwssearch.runs.changes import changed_keys
from kwssearch.runs.description import recorded_space
from kwssearch.space import Augmentation, SearchSpace, read_space
from kwssearch.testing.words import wav

ROOM = {"augmentation": {"room": {}}, "strategy": [{"name": "noise", "augmentation": "room"}]}


def declared(**room: object) -> dict[str, object]:
    return {**MINI, **ROOM, "augmentation": {"room": room}}


def named(space: SearchSpace, trial: int) -> str:
    return training_name(space, space.trials[trial].values, 42, "data", {}, "float32")


def test_a_table_is_a_value_of_its_axis_and_none_is_the_baselines() -> None:
    space = read_space(declared(shift_ms=60, noise_snr_db=[0, 10], noise_kinds=["pink"]))
    assert [trial.values["augmentation"] for trial in space.trials] == ["none", "none", "room", "room"]
    assert space.augmentation_of(space.trials[0].values) is None
    own = space.augmentation_of(space.trials[2].values)
    assert own == Augmentation(60.0, noise_snr_db=(0, 10), noise_kinds=("pink",))
    assert own.shift_frames(space.features["mfcc"]) == 3
    assert space.trials[2].name == "log_mel cnn augmented by room"
    assert space.trials[2].short_name == "CNN +room"
    assert read_space(space.to_dict()) == space


def test_a_space_without_one_declares_and_names_what_it_always_did() -> None:
    plain, altered = read_space(MINI), read_space(declared())
    assert "augmentation" not in plain.to_dict()
    assert named(plain, 0) == named(altered, 0) == "4605270490a72649"
    assert named(altered, 2) not in (named(altered, 0), named(read_space(declared(shift_ms=60)), 2))


def test_a_training_is_named_by_what_it_hears_not_by_what_that_is_called() -> None:
    other = {**declared(), "augmentation": {"kitchen": {}}, "strategy": [{"name": "noise", "augmentation": "kitchen"}]}
    assert named(read_space(other), 2) == named(read_space(declared()), 2)
    said = declared(shift_ms=100, noise_snr_db=[-5, 25])
    assert named(read_space(said), 2) == named(read_space(declared()), 2), "whole numbers are the same numbers"


def test_a_run_that_grows_keeps_what_its_augmentations_mean(tmp_path: Path) -> None:
    more = [{"name": "wide", "width_multiplier": 0.5}]
    before = read_space({**declared(shift_ms=60), "strategy": ROOM["strategy"]})
    after = read_space({**declared(shift_ms=80), "strategy": [*ROOM["strategy"], *more]})
    assert any("augmentation.room.shift_ms" in phrase for phrase in changed_keys(before, after))
    another = {**declared(shift_ms=60), "strategy": [*ROOM["strategy"], {"name": "hall", "augmentation": "hall"}]}
    another["augmentation"] = {"room": {"shift_ms": 60}, "hall": {}}
    assert list(changed_keys(before, read_space(another))) == []


@pytest.mark.parametrize("room, part", [
    ({"shift": 100}, "unknown key 'shift'"),
    ({"shift_ms": 10}, "augmentation.room: shift_ms: got 10, expected 0 or at least 20"),
    ({"shift_ms": 1000}, "less than the window of 1000 ms"),
    ({"shift_ms": -1}, "from 0 to 1000"),
    ({"noise_share": 2}, "a share of the clips"),
    ({"noise_snr_db": [10, 0]}, "the lowest and the highest"),
    ({"noise_snr_db": [0, 10], "noise_volume": 0.1}, "none beside noise_snr_db"),
    ({"noise_kinds": ["white", "blue"]}, "'babble', each once"),
    ({"noise_kinds": []}, "or a folder of noise"),
    ({"noise_share": 0, "shift_ms": 0}, "alters nothing"),
    ({"noise": "nowhere"}, "augmentation.room: noise: nowhere: is not a folder"),
])  # fmt: skip
def test_what_cannot_be_is_one_sentence(room: dict[str, object], part: str) -> None:
    with pytest.raises(SpaceError) as caught:
        read_space(declared(**room), place="mine.toml")
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tables, part", [
    ({"augmentation": {"none": {}}}, "another one: it stands for none"),
    ({"augmentation": {"shift_ms": 100}}, "a table of its own, such as \\[augmentation.room\\]"),
    ({"augmentation": {"rom": {}}}, "got 'room', expected one of 'none', 'rom'. Did you mean 'rom'?"),
    ({"augmentation": {}}, "got 'room', expected one of 'none'"),
])  # fmt: skip
def test_names_that_cannot_be_are_one_sentence(tables: dict[str, object], part: str) -> None:
    with pytest.raises(SpaceError, match=part.replace("?", "\\?")):
        read_space({**MINI, **ROOM, **tables})


def test_a_folder_of_noise_is_known_by_what_it_holds_wherever_it_is(tmp_path: Path) -> None:
    space = {**declared(noise="noise"), "name": "x"}
    (tmp_path / "noise").mkdir()
    with pytest.raises(SpaceError, match="holds no recordings"):
        read_space(space, folder=tmp_path)
    (tmp_path / "noise" / "fan.wav").write_bytes(wav(np.zeros(16_000)))
    first = read_space(space, folder=tmp_path)
    (tmp_path / "noise").rename(tmp_path / "moved")
    moved = read_space({**space, **declared(noise="moved")}, folder=tmp_path)
    assert named(first, 2) == named(moved, 2) != named(read_space(declared()), 2)
    tables = recorded_space(tmp_path / "runs" / "x", moved)
    assert tables["augmentation"]["room"]["noise"] == "../../moved"
    recorded = read_space(tables, folder=tmp_path / "runs" / "x")
    assert recorded.augmentations["room"].noise == str(tmp_path / "moved")
    assert list(changed_keys(recorded, first)) == []
    (tmp_path / "moved" / "tap.wav").write_bytes(wav(np.zeros(16_000)))
    changed = read_space({**space, **declared(noise="moved")}, folder=tmp_path)
    assert [key.split()[0] for key in changed_keys(recorded, changed)] == ["augmentation.room.noise_digest"]
