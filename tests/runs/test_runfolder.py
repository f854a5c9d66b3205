import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from kwssearch import runs
from kwssearch.cli.commands import main
from kwssearch.data import load_data
from kwssearch.errors import UserError
from kwssearch.runs import RunFolder
from kwssearch.space import Limits, load_space
from kwssearch.system import environment
from kwssearch.testing import tiny
from kwssearch.testing.words import wav


@pytest.fixture
def begun(tmp_path, words):
    """A run folder without trials, its space and a data set of its own."""
    folder = shutil.copytree(words, tmp_path / "words")
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    run = tmp_path / "run"
    run.mkdir()
    begin(run, space, folder)
    return run, space, folder


def begin(run: Path, space, folder: Path, oracle: str = "grid") -> RunFolder:
    opened = RunFolder(run)
    opened.open(space, load_data(folder), oracle)
    return opened


def refusal(run: Path, space, folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        begin(run, space, folder)
    message = str(caught.value)
    assert "start afresh in another folder" in message
    assert caught.value.about == "folder"
    return message


def test_the_same_search_is_taken_up(begun) -> None:
    run, space, folder = begun
    before = (run / "run.json").read_bytes()
    begin(run, space, folder)
    assert (run / "run.json").read_bytes() == before


CHANGES = {
    "added": (lambda f: (f / "no" / "new_nohash_0.wav").write_bytes(wav([0.1] * 16000)), "added"),
    "removed": (lambda f: next((f / "no").iterdir()).unlink(), "removed"),
    "altered": (lambda f: sorted((f / "no").iterdir())[0].write_bytes(wav([0.1] * 16000)), "altered"),
}


@pytest.mark.parametrize("change, word", CHANGES.values(), ids=CHANGES)
def test_a_changed_data_set_is_refused_with_what_changed(begun, change, word: str) -> None:
    run, space, folder = begun
    lists = {name: (folder / name).read_text() for name in ("validation_list.txt", "testing_list.txt")}
    change(folder)
    for name, text in lists.items():
        kept = [line for line in text.splitlines(keepends=True) if (folder / line.strip()).exists()]
        (folder / name).write_text("".join(kept))
    message = refusal(run, space, folder)
    assert "the data set changed" in message
    assert word in message


def test_a_changed_recipe_space_or_version_is_refused(begun, tmp_path, monkeypatch) -> None:
    run, space, folder = begun
    assert "recipe.epochs was 2 and is 5" in refusal(run, space.with_recipe(epochs=5), folder)
    other = tmp_path / "other.toml"
    other.write_text((tmp_path / "tiny.toml").read_text().replace("[0.5, 0.8]", "[0.5, 0.9]"))
    assert "strategy.pruning.final_sparsity was [0.5, 0.8] and is [0.5, 0.9]" in refusal(run, load_space(other), folder)


def test_other_versions_are_refused_with_the_command_that_restores_them(begun, monkeypatch) -> None:
    run, space, folder = begun
    before = environment.versions()
    after = {**before, "numpy": "9.9", "tensorflow": "8.8", "OPENBLAS_CORETYPE": "Odd"}
    monkeypatch.setattr(environment, "versions", lambda: after)
    message = refusal(run, space, folder)
    assert "was begun with other versions" in message and "another search" not in message
    assert f"pip install 'numpy=={before['numpy']}' 'tensorflow=={before['tensorflow']}'" in message
    monkeypatch.setattr(environment, "versions", lambda: {**before, "kwssearch results": "99"})
    assert "restore them with the kwssearch that made it" in refusal(run, space, folder)


def test_a_run_may_grow_by_executions(begun) -> None:
    run, space, folder = begun
    begin(run, space.with_recipe(executions_per_trial=3), folder)
    assert runs.load(run).space.recipe.executions_per_trial == 3
    begin(run, space, folder)
    assert runs.load(run).space.recipe.executions_per_trial == 3


def test_a_folder_of_other_things_is_refused(tmp_path, words) -> None:
    space = tiny.write_space(tmp_path / "tiny.toml")
    mine = tmp_path / "holiday"
    mine.mkdir()
    (mine / "photo.jpg").write_bytes(b"precious")
    ended = CliRunner().invoke(main, ["run", str(space), "--data", str(words), "--out", str(mine)])
    assert ended.exit_code == 1
    assert "holds other files ('photo.jpg')" in ended.stderr
    assert [path.name for path in mine.iterdir()] == ["photo.jpg"]


def test_a_search_that_never_began_leaves_no_folder(tmp_path) -> None:
    space = tiny.write_space(tmp_path / "tiny.toml")
    (tmp_path / "nothing").mkdir()
    arguments = ["run", space, "--data", tmp_path / "nothing", "--out", tmp_path / "run"]
    assert CliRunner().invoke(main, list(map(str, arguments))).exit_code == 1
    assert not (tmp_path / "run").exists()


def test_a_fault_of_the_search_is_not_told_as_one_of_the_folder(tmp_path) -> None:
    with pytest.raises(ConnectionError, match="gone"), RunFolder(tmp_path / "run").held():
        raise ConnectionError("gone")


def test_one_holder_at_a_time(tmp_path) -> None:
    refused = pytest.raises(UserError, match=r"process \d+ on host '.+' is running this search")
    with RunFolder(tmp_path / "run").held(), refused, RunFolder(tmp_path / "run").held():
        pass
    with RunFolder(tmp_path / "run").held():
        pass


def test_the_data_sets_place_is_kept_relative_to_the_run(begun) -> None:
    run, _, folder = begun
    record = json.loads((run / "run.json").read_text())
    assert record["data"]["source"] == "../words"
    again = RunFolder(run)
    again.reopen()
    assert again.source == str(folder.resolve())


def test_a_data_set_is_found_where_it_stayed_though_the_run_has_moved(begun, tmp_path) -> None:
    run, _, folder = begun
    there = tmp_path / "far" / "away" / "run"
    there.parent.mkdir(parents=True)
    run.rename(there)
    moved = RunFolder(there)
    moved.reopen()
    assert moved.source == str(folder.resolve())
    moved.moved(load_data(folder))
    assert json.loads((there / "run.json").read_text())["data"]["source"] == "../../../words"
    (folder / "no").rename(folder / "nay")
    with pytest.raises(UserError, match="is not the data set of"):
        moved.moved(load_data(folder, words=["nay", "yes"]))


def test_a_data_set_that_moved_is_known_by_its_clips(begun) -> None:
    run, space, folder = begun
    there = folder.rename(folder.with_name("elsewhere"))
    assert begin(run, space, there).source == str(there.resolve())
    assert runs.load(run).record["data"]["source"] == "../elsewhere"


@pytest.mark.parametrize("key", ["run_id", "space", "data", "versions", "environment"])
def test_a_run_record_without_a_field_is_damaged(begun, key: str) -> None:
    run, *_ = begun
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({name: value for name, value in record.items() if name != key}))
    with pytest.raises(UserError, match=rf"run\.json: is damaged \({key} is missing"):
        runs.load(run)


def test_a_changed_data_set_is_refused_where_its_record_is_damaged_too(begun) -> None:
    run, space, folder = begun
    CHANGES["altered"][0](folder)
    (run / "data.json").write_text("{")
    assert "the record of its clips is damaged" in refusal(run, space, folder)


def test_what_kills_left_goes_when_nothing_is_left_to_run(finished, words, tmp_path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    (run / "shared").mkdir()
    (run / "shared" / "0_0.npz").write_bytes(b"weights")
    (run / ".run.json.1.tmp").write_text("{")
    before = {path.name for path in finished.iterdir()}
    opened = RunFolder(run)
    opened.tidy(opened.load())
    opened.clear_shared()
    assert {path.name for path in run.iterdir()} == before


DAMAGE = {
    "truncated": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "not JSON": lambda text: "<html>",
    "a list": lambda text: "[]",
    "another trial's": lambda text: text.replace('"trial_id": "1"', '"trial_id": "2"'),
    "no accuracy": lambda text: text.replace('"accuracy": ', '"accurracy": '),
    "an accuracy of two": lambda text: json.dumps({**json.loads(text), "accuracy": 2}),
    "fewer predictions": lambda text: json.dumps({**json.loads(text), "predictions": [0]}),
    "a class too many": lambda text: json.dumps({**json.loads(text), "predictions": [7] * 16}),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_result_is_passed_over_by_readers_and_set_aside_by_runs(finished, tmp_path, damage) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    path = run / "trial_1" / "result.json"
    path.write_text(damage(path.read_text()))
    damaged = path.read_bytes()
    loaded = runs.load(run)
    assert [trial.status for trial in loaded.trials] == ["completed", "running", "completed", "completed"]
    assert len(loaded.warnings) == 1
    assert str(path) in loaded.warnings[0]
    assert "\n" not in loaded.warnings[0]
    RunFolder(run).tidy(loaded)
    assert not path.exists()
    assert (run / "trial_1" / "result.damaged-1.json").read_bytes() == damaged
    assert runs.load(run).warnings == ()


@pytest.mark.parametrize("step", ["replace", "unlink"])
def test_a_trial_folder_that_cannot_be_changed_is_told_of(finished, tmp_path, monkeypatch, step: str) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    (run / "trial_1" / "checkpoint.npz").touch()
    (run / "trial_2" / "result.json").write_text("{")

    def refused(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr({"replace": os, "unlink": Path}[step], step, refused)
    with pytest.raises(UserError, match=r"trial_\d: cannot be written \(Permission denied\)"):
        RunFolder(run).tidy(runs.load(run))


def test_a_damaged_latency_costs_its_own_trial_only(finished, tmp_path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    record = json.loads((run / "latency.json").read_text())
    record["trials"]["1"]["total"] = ["fast"]
    (run / "latency.json").write_text(json.dumps(record))
    loaded = runs.load(run)
    assert [trial.latency is None for trial in loaded.trials] == [False, True, False, False]
    (warning,) = loaded.warnings
    assert warning.endswith("its latencies are provisional again.")


def test_failed_results_are_kept_when_they_are_tried_again(finished, tmp_path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    path = run / "trial_1" / "result.json"
    record = json.loads(path.read_text())
    failed = {key: record[key] for key in ("trial_id", "values", "strategy", "execution")}
    path.write_text(json.dumps({**failed, "status": "failed", "reason": "no luck", "traceback": ""}))
    assert runs.load(run).trials[1].status == "failed"
    opened = RunFolder(run)
    assert opened.tidy(opened.load()).trials[1].status == "failed"
    assert path.exists()
    assert opened.tidy(opened.load(), retry_failed=True).trials[1].failures == ()
    assert not path.exists()
    assert (run / "trial_1" / "result.failed-1.json").exists()


def test_a_run_of_another_oracle_is_refused(begun) -> None:
    run, space, folder = begun
    with pytest.raises(UserError, match="were proposed by oracle 'grid' and would now be proposed by 'mine'"):
        begin(run, space, folder, oracle="mine")


def test_limits_may_change(begun) -> None:
    run, space, folder = begun
    for limits in (Limits(0.9, max_ram=50_000), Limits(max_ram=60_000), Limits()):
        begin(run, replace(space, limits=limits), folder)
        assert runs.load(run).space.limits == limits


def test_objectives_may_change(begun) -> None:
    run, space, folder = begun
    begin(run, replace(space, objectives=("accuracy", "tflite_bytes")), folder)
    assert runs.load(run).space.recipe == space.recipe
    assert [objective.name for objective in runs.load(run).objectives] == ["accuracy", "tflite_bytes"]


def test_what_a_trial_is_stands_in_the_folder_before_it_trains(begun) -> None:
    run, space, folder = begun
    opened = begin(run, space, folder)
    opened.begin_trial(space.trials[2], "grid")
    record = json.loads((run / "trial_2" / "trial.json").read_text())
    assert record == {
        "trial_id": "2",
        "strategy": "pruning",
        "values": dict(space.trials[2].values),
        "proposed_by": "grid",
    }
    assert [trial.status for trial in runs.load(run).trials] == ["waiting", "waiting", "running", "waiting"]


@pytest.mark.parametrize(
    "change",
    [{"values": {"features": "mfcc"}}, {"values": None}, {"trial_id": "7"}, {"values": {"width_multiplier": [1]}}],
    ids=["half a point", "no point", "another folder's", "no value"],
)
def test_the_run_of_any_oracle_is_read_from_what_is_on_disk(begun, change) -> None:
    _, space, folder = begun
    run = folder.with_name("random")
    run.mkdir()
    opened = begin(run, space, folder, oracle="random")
    assert runs.load(run).trials == ()
    for place, planned in zip(("00", "01"), (space.trials[3], space.trials[1]), strict=True):
        opened.begin_trial(replace(planned, trial_id=place), "random")
    found = runs.load(run)
    assert [(trial.trial_id, trial.strategy, trial.values) for trial in found.trials] == [
        ("00", "pruning", space.trials[3].values),
        ("01", "DS-CNN", space.trials[1].values),
    ]
    path = run / "trial_01" / "trial.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    found = runs.load(run)
    assert [trial.trial_id for trial in found.trials] == ["00"]
    assert "it names no point of the space" in found.warnings[0]


def test_a_run_is_set_aside_whole(finished, tmp_path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    RunFolder(run).set_aside()
    assert not run.exists()
    assert len(runs.load(tmp_path / "run.replaced-1").completed) == 4
    RunFolder(run).set_aside()
    with RunFolder(tmp_path / "run.replaced-1").held(), pytest.raises(UserError, match="is running this search"):
        RunFolder(tmp_path / "run.replaced-1").set_aside()


def test_strategies_in_another_order_are_refused(begun) -> None:
    """Ids are places in the declared order: trials would change their names."""
    run, space, folder = begun
    swapped = replace(space, strategies=(space.strategies[0], *space.strategies[:0:-1]))
    assert "the order of strategies was DS-CNN, pruning and is pruning, DS-CNN" in refusal(run, swapped, folder)


def test_a_run_is_known_again_whatever_its_data_settings(begun) -> None:
    _, space, folder = begun
    run = folder.with_name("chosen")
    run.mkdir()
    data = load_data(folder, words=["no", "yes"])
    opened = RunFolder(run)
    opened.open(space.with_data_settings(data.settings), data, "grid")
    assert RunFolder(run).holds(space)
    assert not RunFolder(run).holds(space.with_recipe(epochs=9))


@pytest.mark.parametrize("name", ["x" * 300, "y/" + "x" * 300])
def test_a_name_that_the_system_refuses_is_one_sentence(tmp_path, name: str) -> None:
    with pytest.raises(UserError, match="cannot be written"), RunFolder(tmp_path / name).held():
        pass
