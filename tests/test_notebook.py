"""The lab as a notebook runs from its first cell to its last, on toy sizes, and is kept without output."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from support.pages import ROOT

TOY = """
[recipe]
epochs = 2
batch_size = 8
precision = "float32"
[pruning]
end = 0.6
[features.mfcc]
kind = "mfcc"
coefficients = 10
[baseline]
width_multiplier = 0.1
[[strategy]]
name = "DS-CNN"
architecture = "ds_cnn"
[[strategy]]
name = "width multiplier"
width_multiplier = [0.05]
[[strategy]]
name = "pruning"
final_sparsity = [0.5]
"""
SHORTLY = """
from kwssearch.search import conduct
from kwssearch.system import environment
environment.available_cores = lambda: 1
time_run = conduct.time_run
conduct.time_run = lambda folder, progress, budget=None: time_run(folder, progress, budget=budget or 0)
"""


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "docs" / "lab4.ipynb", as_version=4)


def test_no_output_is_kept(notebook: nbformat.NotebookNode) -> None:
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.long
def test_every_cell_runs_and_shows_plots_and_answers(
    notebook: nbformat.NotebookNode, words: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    (tmp_path / "toy.toml").write_text(TOY)
    toys = {"space": SHORTLY + "space = 'toy.toml'", "words": f"words, name = {str(words)!r}, 'toy'"}
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            cell.source = toys.pop(tag)
    assert not toys
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    pictures = [kind for outputs in shown.values() for out in outputs for kind in out.get("data", {}) if "png" in kind]
    assert len(pictures) == 3 + 3 + 1
    text = "".join(out.get("data", {}).get("text/plain", "") for outputs in shown.values() for out in outputs)
    assert "4. How to maximise memory and latency savings" in text
    assert "Recommended where 1 point" in text or "Stay with the baseline" in text
