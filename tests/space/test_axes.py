"""A row in a table is all that a new axis or objective takes."""

import csv
import json
import pickle

import pytest
from support.spaces import MINI

from kwssearch.analysis import Worlds, answers, front
from kwssearch.errors import SpaceError
from kwssearch.report import (
    answer_lines,
    as_json,
    columns,
    plots,
    show_trials,
    to_csv,
    trial_rows,
    write_report,
)
from kwssearch.runs import load
from kwssearch.space import (
    Axis,
    Objective,
    Stage,
    axes,
    axis_names,
    level_name,
    load_space,
    objectives,
    point_key,
    read_space,
)
from kwssearch.space.axes import full_name, short_name
from kwssearch.space.schema import integer
from kwssearch.testing import recorded

POINT = {
    "features": "mfcc",
    "architecture": "cnn",
    "width_multiplier": 1.0,
    "epochs": 20,
    "batch_size": 20,
    "learning_rate": 0.01,
    "augmentation": "none",
    "final_sparsity": 0.0,
    "pruning": "plain",
    "clusters": 0,
    "quantization": "none",
}
USUAL = {"epochs": 20, "batch_size": 20, "learning_rate": 0.01}
SEED = Axis(
    "seed",
    "seed",
    Stage.TRAINING,
    field=lambda names: integer(1, 1000, "a whole number from 1 to 1000"),
    show="seed {}".format,
    short="n{}".format,
    of_recipe=True,
)
RAM = Objective(
    "ram_bytes", "ram", "min", "seeds", noun="RAM", label="RAM", unit="kB", factor=1e-3, show="{:.0f} B of RAM".format,
    best="most modest", **objectives.saving("RAM"),
)  # fmt: skip


@pytest.fixture
def extended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(axes, "AXES", (*axes.AXES, SEED))
    monkeypatch.setattr(objectives, "OBJECTIVES", (*objectives.OBJECTIVES, RAM))


def figures(values):
    plain = recorded.lab_figures({**values, "architecture": "cnn"})
    return plain._replace(others={"ram_bytes": 50 * values["seed"] + plain.memory_bytes // 100})


DECLARED = {
    **MINI,
    "objectives": ["accuracy", "ram_bytes", "latency_ms"],
    "recipe": {"seed": 30},
    "strategy": [
        {"name": "seeds", "seed": [10, 40]},
        {"name": "residual", "architecture": "my_models:tc_resnet", "width_multiplier": [0.5]},
    ],
}


def declared(folder):
    (folder / "my_models.py").write_text("")
    return read_space(DECLARED, folder=folder)


def test_an_axis_and_an_objective_go_through_the_whole_tool(extended, tmp_path, capsys) -> None:
    space = declared(tmp_path)
    assert read_space(space.to_dict()) == space
    assert len(space.trials) == 8
    assert {trial.values["seed"] for trial in space.trials if trial.strategy == "baseline"} == {30}
    assert [space.recipe_of(trial.values).seed for trial in space.trials[2:4]] == [10, 40]

    recorded.write(tmp_path, space=space, figures=figures, clips=200, speakers=80)
    run = load(tmp_path)
    assert run.warnings == ()
    assert [objective.name for objective in run.objectives] == ["accuracy", "ram_bytes", "latency_ms"]
    assert run.trials[3].name == "log_mel cnn seed 40"
    rows = trial_rows(run)
    assert [row["seed"] for row in rows[2:4]] == [10, 40]
    assert rows[2]["ram_bytes"] == run.trials[2].figure("ram_bytes")
    assert [row["on_front"] for row in rows] == front(Worlds(run), run.trials)

    assert json.loads(as_json(rows))[2]["ram_bytes"] == rows[2]["ram_bytes"]
    read = list(csv.DictReader(to_csv(rows, columns(run.objectives)).splitlines()))
    assert (read[2]["seed"], read[2]["ram_bytes"]) == ("10", str(rows[2]["ram_bytes"]))
    show_trials(rows, front=True, objectives=run.objectives)
    shown = capsys.readouterr().out
    assert "RAM" in shown
    assert "seed" in shown
    assert "memory" not in shown

    found = answers(run)
    assert [verdict.question for verdict in found.verdicts][1] == RAM.question
    assert found.verdicts[1].best == ("residual",)
    effects = {(effect.strategy, effect.level): effect.to_dict() for effect in found.effects}
    assert effects["seeds", "seed 10"]["ram_ratio"]["value"] < 1
    assert "memory_ratio" not in effects["seeds", None]
    assert "RAM and latency" in found.last_question

    text = write_report(run, tmp_path / "report").read_text()
    assert {path.stem for path in (tmp_path / "report").glob("*_*.png")} >= {"accuracy_ram", "ram_latency"}
    assert "seed 10" in text
    assert "B of RAM" in text
    assert "In a point's label CNN is architecture cnn, α0.5 is width" in text
    assert "n10 is seed" in text


def test_an_architecture_is_called_what_it_is_called(extended, tmp_path) -> None:
    run = recorded.build(declared(tmp_path), figures=figures, clips=80, speakers=40)
    text = write_report(run, tmp_path).read_text() + "\n".join(answer_lines(answers(run), details=True))
    assert "my_models:tc_resnet α 0.5" in text.replace("\\_", "_")
    assert run.trials[-1].planned.short_name == "tc_resnet α0.5"
    drawn = plots.scatter(trial_rows(run), plots.planes(run.objectives)["accuracy_latency"])
    assert {row["short_name"].split()[0] for row in drawn.rows} == {"CNN", "tc_resnet"}


@pytest.mark.parametrize("changed, full, short", [
    ({}, "mfcc cnn", "CNN"),
    ({"architecture": "ds_cnn", "width_multiplier": 0.5}, "mfcc ds_cnn α 0.5", "DS-CNN α0.5"),
    ({"final_sparsity": 0.9}, "mfcc cnn sparsity 0.9", "CNN s0.9"),
    ({"architecture": "a.b:net"}, "mfcc a.b:net", "net"),
])  # fmt: skip
def test_names(changed, full: str, short: str) -> None:
    assert (full_name({**POINT, **changed}, USUAL), short_name({**POINT, **changed}, USUAL)) == (full, short)
    assert level_name({**POINT, **changed}, POINT) == (
        full.removeprefix("mfcc cnn").removeprefix("mfcc").strip() or "as it is"
    )


def test_a_key_holds_what_is_settled_up_to_its_stage() -> None:
    assert point_key(POINT, Stage.FEATURES) == ("mfcc",)
    assert point_key(POINT, Stage.TRAINING) == ("mfcc", "cnn", 1.0, 20, 20, 0.01, "none")
    assert point_key(POINT, Stage.FILE) == tuple(POINT.values())


@pytest.mark.parametrize("value, hint", [
    ("dscnn", "Did you mean 'ds_cnn'?"), ("my_models:", "module:function"), ("my-models:net", "module:function"),
    ("a:b:c", "module:function"), (":net", "module:function"), ("a..b:net", "module:function"), (3, "got 3"),
    ("a:class", "module:function"),
])  # fmt: skip
def test_an_architecture_that_is_none_is_refused(value, hint: str) -> None:
    with pytest.raises(SpaceError) as caught:
        read_space({**MINI, "strategy": [{"name": "x", "architecture": value}]})
    assert hint in str(caught.value)


def test_a_registered_architecture_is_known_by_its_name(monkeypatch) -> None:
    monkeypatch.setattr(axes, "REGISTERED", {"tc_resnet"})
    assert axes.architecture_field().accepts("tc_resnet")
    with pytest.raises(SpaceError, match=r"Did you mean 'tc_resnet'\?"):
        read_space({**MINI, "strategy": [{"name": "x", "architecture": "tc_resnets"}]})


@pytest.mark.parametrize("declared, part", [
    (["accuracy"], "at least one of memory_bytes"),
    (["memory_bytes", "latency_ms"], "at least one of accuracy, mean_miss_rate"),
    (["accuracy", "latency"], "Did you mean 'latency_ms'?"),
    (["accuracy", "macs", "macs"], "repeated"),
    ("accuracy", "a list"),
    ([], "at least one"),
    (["accuracy", "mean_miss_rate"], "at least one of memory_bytes"),
])  # fmt: skip
def test_objectives_that_cannot_be_judged_by_are_one_sentence(declared, part: str) -> None:
    with pytest.raises(SpaceError) as caught:
        read_space({**MINI, "objectives": declared}, place="mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml: objectives: ")
    assert part in message
    assert "\n" not in message


def test_objectives_keep_their_order_and_travel() -> None:
    space = read_space({**MINI, "objectives": ["accuracy", "tflite_bytes", "macs"]})
    assert pickle.loads(pickle.dumps(space)).objectives == ("accuracy", "tflite_bytes", "macs")
    assert load_space("lab4").objectives == ("accuracy", "memory_bytes", "latency_ms")
    assert axis_names() == tuple(POINT)


def test_flash_and_computing_are_judged_like_the_rest() -> None:
    run = recorded.build({**MINI, "objectives": ["accuracy", "tflite_bytes", "macs"]}, clips=80, speakers=40)
    found = answers(run)
    assert [verdict.question.split()[3] for verdict in found.verdicts] == ["accuracy", "flash", "multiply-accumulates"]
    assert found.pruning_sentence is None
    assert not any(
        "latenc" in line.lower() for details in (False, True) for line in answer_lines(found, details=details)
    )
