"""What a device pays: flash and RAM as columns, and as what a run is judged by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kwssearch.analysis.answers import answers
from kwssearch.report import front_rows, trial_details, trial_rows
from kwssearch.report.page import Page
from kwssearch.report.plots import planes
from kwssearch.report.tables import file_lines, trial_columns
from kwssearch.runs import Run
from kwssearch.space import load_space
from kwssearch.testing import recorded


@pytest.fixture(scope="module")
def run() -> Run:
    space = replace(load_space("lab4-int8"), objectives=("accuracy", "tflite_bytes", "activation_bytes"))
    return recorded.build(space=space)


def test_a_run_is_judged_by_flash_and_ram(run: Run) -> None:
    found = answers(run)
    questions = [verdict.question for verdict in found.verdicts]
    assert questions[1:] == ["Which strategy reduces flash the most?", "Which strategy reduces RAM the most?"]
    assert found.verdicts[1].best == ("pruning + int8",)
    assert found.verdicts[2].best == ("width + int8",)
    rows = front_rows(run)
    assert rows == sorted(rows, key=lambda row: (row["tflite_bytes"], row["activation_bytes"]))
    assert "smallest product of flash and RAM" in "\n".join(Page(run).answer_lines())
    assert planes(run.objectives).keys() >= {"accuracy_flash", "accuracy_ram"}


def test_quantisation_is_a_strategy_like_the_others(run: Run) -> None:
    found = answers(run)
    strategies = {effect.strategy for effect in found.effects}
    assert {"quantization", "pruning + int8", "width + int8", "DS-CNN + int8"} <= strategies
    assert any("dynamic quantisation leaves kernels below 1,024 weights" in note.lower() for note in found.notes)


def test_flash_and_ram_stand_in_every_table(run: Run) -> None:
    rows = trial_rows(run)
    headings = [column.heading for column in trial_columns(rows, False, run.objectives, wide=False)]
    assert [heading for heading in headings if heading.startswith(("flash", "RAM"))] == ["flash\nkB", "RAM\nkB"]


def test_what_is_known_of_a_quantised_file_is_said(run: Run) -> None:
    trial = next(trial for trial in run.completed if trial.values["quantization"] == "int8")
    first = trial.executions[0]
    more = {
        "twin_agreement": 0.93, "twin_difference": -0.004, "reference_agreement": 0.99,
        "micro": {"accepted": True, "arena_bytes": 17472},
    }  # fmt: skip
    told = replace(trial, executions=(replace(first, record={**first.record, **more}),))
    details = trial_details(recorded.with_trial(run, told), trial.trial_id)
    assert file_lines(details) == [
        "answers as its float32 file on 93.0 % of the clips (-0.4 points of accuracy)",
        "answers alike with LiteRT's reference kernels on 99.0 %",
        "runs in TensorFlow Lite Micro: arena 17.5 kB on a 64-bit host",
    ]
    assert details["warnings"] == ["answers as its float32 file does on only 93.0 % of the test clips"]
    wide = trial_columns([details], False, run.objectives, wide=True)
    assert [column.cells for column in wide if column.heading == "TFLM"] == [["yes"]]


def test_a_file_that_a_microcontroller_does_not_take(run: Run) -> None:
    details = {**trial_details(run, run.completed[0].trial_id), "micro": "no"}
    assert file_lines(details) == ["does not run in TensorFlow Lite Micro"]
