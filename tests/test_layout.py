"""The architecture as a rule: imports point down, and reading a run needs no TensorFlow."""

import ast
from pathlib import Path

import pytest

import kwssearch

PACKAGE = Path(kwssearch.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")
LAYERS = [
    {"errors"},
    {"schema", "storage", "environment", "cache"},
    {"space", "wav"},
    {"declaration", "records"},
    {"results", "survey", "espeak"},
    {"statistics", "download", "speech"},
    {"binomial", "pareto", "data", "wording"},
    {"effects", "rows", "features"},
    {"advice", "verdicts", "backend", "measure"},
    {"answers", "comments", "labels", "models"},
    {"markdown", "plots", "artefact", "precision", "compress", "cost"},
    {"report", "train"},
    {"hypermodel"},
    {"execution"},
    {"schedule", "runfolder", "pool", "cluster", "tables"},
    {"search", "timing"},
    {"session"},
    {"display"},
    {"running"},
    {"cli"},
    {"__main__"},
]
SIBLINGS = {"data", "features", "models", "compress", "measure"}
READERS = {"results", "statistics", "pareto", "effects", "rows", "advice", "verdicts", "answers", "plots", "report"}
TENSORFLOW = {"backend", "models", "compress", "train", "precision", "cost", "hypermodel", "search", "session"}


def imported(module: str) -> set[str]:
    """Modules of this package that a module imports anywhere, also within functions."""
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("kwssearch"):
            inner = node.module.removeprefix("kwssearch").removeprefix(".")
            found |= {inner} if inner else {alias.name for alias in node.names} & set(MODULES)
    return found


def test_every_module_has_its_layer() -> None:
    assert sorted(module for layer in LAYERS for module in layer) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    level = next(i for i, layer in enumerate(LAYERS) if module in layer)
    below = set().union(*LAYERS[:level])
    lazily_declared = {"backend"} if module == "space" else set()
    assert imported(module) - lazily_declared <= below


@pytest.mark.parametrize("module", sorted(SIBLINGS - {"compress"}))
def test_siblings_do_not_import_each_other(module: str) -> None:
    assert not imported(module) & SIBLINGS


@pytest.mark.parametrize("module", sorted(READERS))
def test_readers_are_free_of_tensorflow(module: str) -> None:
    seen, waiting = set(), [module]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting += imported(each) if each != "space" else []
    assert not seen & TENSORFLOW


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_short(module: str) -> None:
    assert len((PACKAGE / f"{module}.py").read_text().splitlines()) <= 310
