"""The documentation says what is there: commands, keys, defaults, links, counts, exit codes."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import signal
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import make_commands
import make_micro_table
import pytest
from support.pages import FENCE, PAGES, ROOT, command_lines
from support.pages import named as read

import kwssearch
from kwssearch.cli.commands import main
from kwssearch.compression import MEMORY_ERROR
from kwssearch.errors import SpaceError, UserError
from kwssearch.report import columns
from kwssearch.runs import load
from kwssearch.space import FRONT, STREAM, QuantityError, all_axes, objectives, read_space
from kwssearch.space.augmentations import AUGMENTATION
from kwssearch.space.declaration import QUANTIZATION, RECIPE
from kwssearch.space.devices import read_devices, shipped_devices
from kwssearch.space.front_ends import FEATURES
from kwssearch.space.limits import FIELDS as FIELDS_OF_LIMITS
from kwssearch.space.prunings import CLUSTERING, PRUNING

README = read("README.md")
TO_FILL = re.compile(r"<!-- ([a-z ]+) -->((?:(?!<!-- ).)*?To be filled.*?)<!-- /\1 -->", re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
REGISTRIES = ("pypi", "pythonhosted", "anaconda", "npmjs", "crates", "docker", "ghcr", "quay")


def ids(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


def rows(text: str) -> list[list[str]]:
    """Cells of every line of a Markdown table."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]


def leaves(command: click.Command, prefix: str = "kwssearch") -> Iterator[str]:
    for name, inner in getattr(command, "commands", {}).items():
        if isinstance(inner, click.Group):
            yield from leaves(inner, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


@pytest.mark.parametrize("command", leaves(main))
def test_every_command_is_in_the_readme_and_the_reference(command: str) -> None:
    name = command.removeprefix("kwssearch ")
    assert re.search(rf"kwssearch {name}\b|`{name}( [^`]*)?`", README)
    assert f"## {command}\n" in read("docs/commands.md")


def test_the_reference_is_what_help_says() -> None:
    assert read("docs/commands.md") == make_commands.page(), "run python docs/make_commands.py"


def test_what_is_told_of_the_reference_run_is_what_it_says() -> None:
    """The table of models for microcontrollers, and the sentences of pick."""
    run, page = load(ROOT / "runs" / "lab4-msc"), read("docs/microcontrollers.md")
    (shown,) = re.findall(r"<!-- measured models -->\n(.*?)<!-- /measured models -->", page, re.DOTALL)
    assert shown == make_micro_table.section(run, shipped_devices()[make_micro_table.DEVICE]), "run the script it names"
    (told,) = [body for kind, body in FENCE.findall(read("docs/pick.md")) if kind == "text"]
    assert told.split() == str(kwssearch.load_run(run.folder).pick(max_memory="100kB")).split()


TABLES = {
    "recipe": RECIPE, "clustering": CLUSTERING, "pruning": PRUNING, "quantization": QUANTIZATION, "features": FEATURES,
    "augmentation": AUGMENTATION, "stream": STREAM, "front": FRONT,
}  # fmt: skip
FIELDS = {f"{table}: {key}": (table, key, field) for table, fields in TABLES.items() for key, field in fields.items()}


@pytest.mark.parametrize("table, key, field", FIELDS.values(), ids=FIELDS)
def test_every_key_of_a_space_has_its_range_and_default(table: str, key: str, field) -> None:
    section = re.split(rf"^## `\[{table}\b", read("docs/spaces.md"), flags=re.MULTILINE)[1].split("\n## ")[0]
    (row,) = [row for row in rows(section) if row[0] == f"`{key}`"]
    assert field.expected in row[1]
    if field.default is None:
        assert row[2].startswith(("required", "none", "with start 'dense': "))
    else:
        assert tomllib.loads(f"default = {row[2].strip('`')}")["default"] == field.default


@pytest.mark.parametrize("key", FIELDS_OF_LIMITS)
def test_every_limit_has_its_unit(key: str) -> None:
    (row,) = [row for row in rows(read("docs/spaces.md")) if row[0] == f"`{key}`"]
    assert FIELDS_OF_LIMITS[key].expected in row[1]


def test_how_far_a_forecast_may_be_off_is_said() -> None:
    told = re.search(r"a zip is off by up to ([^)]*)\)", " ".join(read("docs/spaces.md").split()))
    assert told is not None
    plain, *others = re.findall(r"(\d+) %(?: for `(\w+)`)?", told[1])
    errors = {**dict.fromkeys(MEMORY_ERROR, plain[0]), **{kind: share for share, kind in others}}
    assert errors == {kind: f"{100 * error:g}" for kind, error in MEMORY_ERROR.items()}


@pytest.mark.parametrize("axis", all_axes(), ids=lambda axis: axis.name)
def test_every_axis_has_its_range_and_default(axis) -> None:
    row, *_ = [row for row in rows(read("docs/spaces.md")) if row[0] == f"`{axis.name}`"]
    if axis.default is not None:
        assert tomllib.loads(f"default = {row[2].strip('`')}")["default"] == axis.default
        assert axis.field(()).expected in row[1]


def test_every_objective_is_explained() -> None:
    told = {row[0]: row[2] for row in rows(read("docs/spaces.md")) if len(row) == 3}
    for objective in objectives.OBJECTIVES:
        assert objective.noun in told[f"`{objective.name}`"], objective.name


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_links_and_images_are_there(page: Path) -> None:
    """But for places that are still to be filled, and say so."""
    targets = [target for target in LINK.findall(TO_FILL.sub("", page.read_text())) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target.split("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_no_registry_and_no_place_of_one_machine_is_named(page: Path) -> None:
    text = page.read_text()
    assert not re.search(rf"\b({'|'.join(REGISTRIES)})\.(org|com|io)\b", text)
    assert not re.search(r"(?<![\w.])/(home|root|work|tmp|Users)/", text)


@pytest.mark.parametrize("line", command_lines())
def test_command_lines_parse(line: str) -> None:
    words = shlex.split(line.split(" > ")[0], comments=True)[1:]
    command, context = main, click.Context(main, info_name="kwssearch")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        command = command.commands[words.pop(0)]
    context = command.make_context(command.name, words, parent=context)
    assert not context.args


def toml_blocks() -> list[tuple[str, str]]:
    return [(page.name, body) for page in PAGES for kind, body in FENCE.findall(page.read_text()) if kind == "toml"]


@pytest.mark.parametrize("page, body", toml_blocks(), ids=[name for name, _ in toml_blocks()])
def test_example_spaces_are_spaces(page: str, body: str) -> None:
    assert len(read_space(tomllib.loads(body)).trials) > 2


def test_example_devices_are_devices(tmp_path: Path) -> None:
    bodies = [body for page in PAGES for _, body in FENCE.findall(page.read_text()) if body.startswith("[devices.")]
    assert bodies
    for body in bodies:
        (tmp_path / "devices.toml").write_text(body)
        (device,) = read_devices(tmp_path / "devices.toml").values()
        assert device.limits.max_ram == (1 - device.for_application) * device.ram


def test_the_exit_codes_are_a_table() -> None:
    told = {row[0] for row in rows(README.split("## Exit codes")[1])}
    used = {0, UserError.exit_code, SpaceError.exit_code, QuantityError.exit_code, click.UsageError.exit_code}
    used |= {128 + signal.SIGINT, 128 + signal.SIGTERM}
    assert {str(int(code)) for code in used} <= told


def test_every_room_is_on_the_map() -> None:
    folder = Path(kwssearch.__file__).parent
    rooms = {path.parent.name for path in folder.glob("*/__init__.py")} | {path.stem for path in folder.glob("*.py")}
    named = {name for row in rows(README) for name in re.findall(r"`(\w+)`", row[0])}
    rooms -= {"__init__", "__main__"}
    assert rooms <= named
    listed = read("CONTRIBUTING.md").split("holds the order:")[1].split("\n\n")[1]
    assert set(re.findall(r"\w+", listed)) == rooms


def test_every_key_of_the_rows_and_records_is_explained() -> None:
    text = read("docs/results.md")
    told = {name for row in rows(text) for name in re.findall(r"`(\w+)`", row[0])} | set(re.findall(r"`(\w+)`", text))
    assert set(columns()) <= told
    for run in ("full-speech8", "lab4-msc"):
        for name in ("run.json", "trial_00/result.json", "trial_24/result.json", "latency.json"):
            if (record := ROOT / "runs" / run / name).exists():
                assert set(json.loads(record.read_text())) <= told, f"{run}/{name}"


TESTS = {path.name: path.read_text() for path in Path(__file__).parent.rglob("test_*.py")}


def test_the_tests_that_reliability_names_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", "".join(page.read_text() for page in PAGES)))
    there = {name for text in TESTS.values() for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    assert len(named) > 40
    assert named <= there


def test_the_numbers_of_fuzzed_cases_are_those_of_the_tests() -> None:
    counts = {}
    for text in TESTS.values():
        sizes = dict(re.findall(r"^(\w+) = settings\(.*?max_examples=(\d+)", text, re.MULTILINE))
        for name, test in re.findall(
            r"^@(\w+)\n(?:@.*?\n)*?@given\(.*?^def (test_\w+)", text, re.MULTILINE | re.DOTALL
        ):
            if name in sizes:
                counts[test] = sizes[name]
    told = {
        row[1].strip("`"): row[2] for row in rows(read("docs/reliability.md").split("## Hostile")[1]) if len(row) == 3
    }
    told.pop("test")
    assert told == counts


def test_the_numbers_of_tabled_cases_are_those_of_the_tests() -> None:
    told = re.findall(r"(\d+)\s+(?:archives|names|faults of spaces)\s+\(`(test_\w+)`\)", read("docs/reliability.md"))
    assert len(told) == 3
    for number, test in told:
        (module,) = [name for name, text in TESTS.items() if f"def {test}(" in text]
        marks = getattr(loaded(module), test).pytestmark
        (cases,) = [mark.args[1] for mark in marks if mark.name == "parametrize"]
        assert len(cases) == int(number), test


def loaded(name: str) -> ModuleType:
    """A test module, by its file's name."""
    (path,) = Path(__file__).parent.rglob(name)
    spec = importlib.util.spec_from_file_location(f"counted_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
