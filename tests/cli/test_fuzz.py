"""Hostile space files, records and names: one sentence or a result, never another exception."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwssearch import runs
from kwssearch.cli.commands import main
from kwssearch.data import load_data
from kwssearch.errors import SpaceError, UserError
from kwssearch.report.page import write_web_page
from kwssearch.runs import RunFolder
from kwssearch.space import load_space, read_space
from kwssearch.testing import recorded as synthetic_run

pytestmark = pytest.mark.damage
CASES = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
FEW = settings(CASES, max_examples=60)

NAMES = (
    "<script>alert(1)</script>",
    "a|b",
    "`rm`",
    "[x](javascript:y)",
    "ünï ☃",
    "tab\tbell\a",
    "\x1b[2Jgone",
    "../../up",
    "",
)
KNOWN = st.sampled_from(
    ["name", "data", "recipe", "pruning", "features", "baseline", "strategy", "epochs", "kind", "mfcc", "log_mel",
     "coefficients", "architecture", "width_multiplier", "final_sparsity", "begin", "end", "learning_rate", *NAMES]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), KNOWN, st.integers(-(10**30), 10**30)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KNOWN, inner, max_size=3), max_leaves=8
)
DECLARED = load_space("lab4").to_dict()


def paths(tree: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    return [here, *(path for key in keys for path in paths(tree[key], (*here, key)))]


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(tree)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def assert_one_sentence(error: UserError) -> None:
    text = str(error)
    assert text.isprintable(), repr(text)
    assert 0 < len(text) < 2000


@CASES
@given(VALUES)
def test_any_value_as_a_space(content: Any) -> None:
    try:
        read_space(content)
    except SpaceError as error:
        assert_one_sentence(error)


@CASES
@given(st.sampled_from(paths(DECLARED)), VALUES)
def test_a_space_with_one_value_changed(path: tuple[Any, ...], value: Any) -> None:
    try:
        space = read_space(replaced(DECLARED, path, value))
    except SpaceError as error:
        assert_one_sentence(error)
    else:
        assert read_space(space.to_dict()) == space
        assert space.trials


@CASES
@given(st.binary(max_size=60) | st.text(alphabet='[]{}="abz01.\n#', max_size=60).map(str.encode))
def test_any_bytes_as_a_space_file(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    path.write_bytes(content)
    with pytest.raises(SpaceError) as caught:
        load_space(path)
    assert_one_sentence(caught.value)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded") / "run"
    synthetic_run.write(folder)
    return folder


RECORDS = st.sampled_from(["run.json", "data.json", "latency.json", "result.json"])


@contextmanager
def one_record_of(copy_in: Path, recorded: Path, name: str) -> Iterator[Path]:
    """The first record of that name in a copy of the run, to be damaged before the readers look at it."""
    run = shutil.copytree(recorded, copy_in / "run")
    yield sorted(run.rglob(name))[0]
    assert_readers_answer(run)
    shutil.rmtree(copy_in)


@FEW
@given(name=RECORDS, data=st.data())
def test_a_record_with_one_value_changed(tmp_path_factory, recorded: Path, name: str, data: st.DataObject) -> None:
    with one_record_of(tmp_path_factory.mktemp("fuzzed"), recorded, name) as path:
        content = json.loads(path.read_text())
        where = data.draw(st.sampled_from(paths(content)[:400]))
        path.write_text(json.dumps(replaced(content, where, data.draw(VALUES)), default=str))


@FEW
@given(name=RECORDS, data=st.data())
def test_a_record_with_bytes_cut_or_changed(tmp_path_factory, recorded: Path, name: str, data: st.DataObject) -> None:
    with one_record_of(tmp_path_factory.mktemp("fuzzed"), recorded, name) as path:
        content = bytearray(path.read_bytes())
        cut = data.draw(st.integers(0, len(content)))
        content[cut : cut + data.draw(st.integers(1, len(content)))] = data.draw(st.binary(max_size=8))
        path.write_bytes(bytes(content))


def assert_readers_answer(run: Path) -> None:
    try:
        folder = RunFolder(run)  # as resume does
        folder.reopen()
        load_data(folder.source)
    except UserError as error:
        assert_one_sentence(error)
    try:
        write_web_page(runs.load(run))
    except UserError as error:
        assert_one_sentence(error)
    for command in ("trials", "front", "answers", "pick"):
        told = CliRunner().invoke(main, [command, str(run), "--json"])
        assert told.exit_code in (0, 1, 2), told.exception
        assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
        assert "Traceback" not in told.stderr
        if told.exit_code == 0:
            json.loads(told.stdout)


@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_hostile_name_is_escaped_wherever_it_is_shown(tmp_path, recorded: Path, name: str) -> None:
    run = shutil.copytree(recorded, tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    text = json.dumps(record).replace(json.dumps(runs.load(run).space.strategies[1].name), json.dumps(name))
    (run / "run.json").write_text(text)
    told = CliRunner().invoke(main, ["trials", str(run)])
    assert all(line.isprintable() for line in (told.stdout + told.stderr).splitlines())
    reported = CliRunner().invoke(main, ["report", str(run), "--to", str(tmp_path / "inside" / "report")])
    assert reported.exit_code in (0, 1)
    if reported.exit_code == 0:
        page = (tmp_path / "inside" / "report" / "report.md").read_text()
        assert "<script>" not in page
        assert not re.search(r"(?<!\\)\]\(javascript:", page)
    assert {path.name for path in tmp_path.iterdir()} <= {"run", "inside"}
