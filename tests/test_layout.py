"""The architecture as a rule: rooms import rooms below them, and reading a run needs no TensorFlow."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kwssearch

PACKAGE = Path(kwssearch.__file__).parent
ROOMS = (
    "testing", "cli", "search", "policies", "report", "deploy", "listening", "analysis", "runs", "training",
    "compression", "artefact", "models", "features", "data", "sources", "space", "backend", "system", "errors",
)  # fmt: skip
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)
NO_TENSORFLOW = (
    "policies", "report", "deploy", "listening", "analysis", "runs", "space", "data", "sources", "features", "artefact",
    "system",
)  # fmt: skip
LONGEST = 310


def room_of(name: str) -> str | None:
    """The room that a dotted name of this package stands in; None for other packages and the front door."""
    first, *rest = name.split(".")
    return rest[0] if first == "kwssearch" and rest and rest[0] in ROOMS else None


def imported(path: Path) -> set[str]:
    """Rooms that a module imports anywhere, also within functions."""
    package = ["kwssearch", *path.relative_to(PACKAGE).parts[:-1]]
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            names += [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
    return {room for name in names if (room := room_of(name))}


def ids(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(PACKAGE)) for path in paths]


def test_every_folder_is_a_room_and_has_its_place() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and list(path.glob("*.py"))}
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert folders | files == set(ROOMS)
    assert all((PACKAGE / folder / "__init__.py").read_text().startswith('"""') for folder in folders)


@pytest.mark.parametrize("path", MODULES, ids=ids(MODULES))
def test_imports_point_down(path: Path) -> None:
    own = ROOMS.index(path.relative_to(PACKAGE).parts[0])
    assert imported(path) <= set(ROOMS[own:])


@pytest.mark.parametrize("path", MODULES, ids=ids(MODULES))
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


def test_both_forms_of_import_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    path = tmp_path / "space" / "deep" / "module.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import kwssearch.runs.folder\ndef f():\n from kwssearch import cli\n from ...report import page\n"
        "from kwssearch.data.survey import x\nimport numpy\nfrom . import y\n"
    )
    assert imported(path) == {"runs", "cli", "report", "data", "space"}


@pytest.mark.parametrize("room", [*NO_TENSORFLOW, "cli"])
def test_rooms_that_reach_no_tensorflow(room: str) -> None:
    code = (
        "import importlib, pkgutil, sys\n"
        f"room = importlib.import_module('kwssearch.{room}')\n"
        "for module in pkgutil.walk_packages(room.__path__, room.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(*sorted({'tensorflow', 'keras', 'tf_keras', 'keras_tuner'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""


def texts(path: Path) -> list[str]:
    """Every string of a module that is no docstring."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in constants if id(node) not in docstrings]


# The bundle's scripts have a command line of their own.
LIBRARY = [p for p in MODULES if p.relative_to(PACKAGE).parts[0] != "cli" and p.parent.name != "bundled"]


@pytest.mark.parametrize("path", LIBRARY, ids=ids(LIBRARY))
def test_flags_of_the_command_line_stay_out_of_the_library(path: Path) -> None:
    """But in whole command lines, of other programs or to be typed."""
    flags = [text for text in texts(path) if re.search(r"(?<![\w-])--[a-z]", text)]
    assert [
        text
        for text in flags
        if not re.search(r"(kwssearch resume|dask worker|pip install|--nworkers|--nthreads)", text)
        and text.strip() not in ("--retry-failed", "--exhaustive")
    ] == []
