"""How many train and where; what each worker sees of the machine's graphics processors."""

import json
from pathlib import Path

import pytest

from kwssearch import backend
from kwssearch.errors import UserError
from kwssearch.search import trainers
from kwssearch.search.trainers import Trainers
from kwssearch.system.devices import graphics_processors


@pytest.mark.parametrize(
    "variable, found",
    [
        ("0,1", ("0", "1")),
        ("", ()),
        ("-1", ()),
        ("0,-1,1", ("0",)),
        ("GPU-8f1a", ("GPU-8f1a",)),
        (" 2 , 3 ", ("2", "3")),
    ],
)
def test_the_variable_says_which_processors_there_are(variable: str, found: tuple[str, ...]) -> None:
    assert graphics_processors({"CUDA_VISIBLE_DEVICES": variable}) == found


def test_without_it_the_driver_does(tmp_path: Path) -> None:
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    assert graphics_processors({}, tmp_path) == ("0", "1")
    assert graphics_processors({}, tmp_path / "no driver") == ()


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainers, "graphics_processors", lambda: ("0", "1"))


def test_they_are_hidden_from_workers_by_default_and_that_is_said(two: None) -> None:
    chosen = Trainers.chosen(3, None, gpus=False)
    assert [each["CUDA_VISIBLE_DEVICES"] for each in chosen.environments] == ["-1"] * 3
    assert chosen.note is not None and chosen.note.startswith("2 graphics processors left alone")


def test_each_worker_gets_one_of_its_own(two: None) -> None:
    chosen = Trainers.chosen(None, None, gpus=True)
    assert [each["CUDA_VISIBLE_DEVICES"] for each in chosen.environments] == ["0", "1"]
    assert all(each["TF_FORCE_GPU_ALLOW_GROWTH"] == "true" for each in chosen.environments)
    assert chosen.note is None
    assert Trainers.chosen(1, None, gpus=True).gpus == ("0",)


def test_more_workers_than_processors_are_refused(two: None) -> None:
    with pytest.raises(UserError, match=r"workers: got 3 for 2 graphics processors, expected one for each"):
        Trainers.chosen(3, None, gpus=True)


def test_none_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainers, "graphics_processors", lambda: ())
    assert Trainers.chosen(2, None, gpus=False).note is None
    with pytest.raises(UserError, match="this process sees no graphics processor"):
        Trainers.chosen(None, None, gpus=True)


def test_a_negative_number_of_workers_is_refused() -> None:
    with pytest.raises(UserError, match=r"workers: got -1, expected a number from 0"):
        Trainers.chosen(-1, None, gpus=False)


def test_what_trained_is_recorded(finished: Path) -> None:
    records = [json.loads(path.read_text()) for path in finished.rglob("result.json")]
    assert {record["device"] for record in records} == {"CPU"}


def test_the_device_of_this_process_is_named() -> None:
    assert backend.device() == "CPU"
