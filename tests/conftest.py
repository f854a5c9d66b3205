"""Fixtures that several modules share; what takes seconds is made once."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from support import shell

from kwssearch.space.axes import REGISTERED
from kwssearch.system.storage import write_json
from kwssearch.testing import tiny

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it: tables would be those of a narrow terminal


@pytest.fixture(autouse=True)
def own_architectures() -> Iterator[None]:
    """What a test registers is known to it alone."""
    before = set(REGISTERED)
    yield
    REGISTERED.intersection_update(before)


def pytest_collection_finish() -> None:
    """What was imported is there to stay, and TensorFlow is to compute here as in a worker: on one thread."""
    gc.collect()
    gc.freeze()
    if "kwssearch.backend" in sys.modules:
        sys.modules["kwssearch.backend"].configure()


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two words, 40 clips each."""
    return tiny.write_data(tmp_path_factory.mktemp("data", numbered=False) / "words")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, words: Path, cache: Path) -> Path:
    """A run of the tiny space, searched whole from the command line; not to be changed.

    Of several test processes the first one searches, and the others have copies, with the data set in the same place.
    """
    base = tmp_path_factory.getbasetemp()
    folder = tmp_path_factory.mktemp("finished", numbered=False)
    run, made = folder / "run", base.parent / "finished"
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return searched(folder, words, cache)
    with FileLock(f"{made}.lock"):
        if made.exists():
            shutil.copytree(made, run)
            write_json(run / "place.json", {"data": str(words.resolve())})
        else:
            shutil.copytree(searched(folder, words, cache), folder / "copy")
            (folder / "copy").rename(made)
    return run


def searched(folder: Path, words: Path, cache: Path) -> Path:
    space = tiny.write_space(folder / "tiny.toml")
    ended = shell.kwssearch("run", space, "--data", words, "--out", folder / "run", "--workers", 2, cache=cache)
    assert ended.returncode == 0, ended.stderr
    return folder / "run"
