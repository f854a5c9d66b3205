"""Fixtures that several modules share; what takes seconds is made once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import shell

from kwssearch.testing import tiny

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it: tables would be those of a narrow terminal


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two words, 40 clips each."""
    return tiny.write_data(tmp_path_factory.mktemp("data") / "words")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, words: Path, cache: Path) -> Path:
    """A run of the tiny space, searched whole from the command line; not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    space = tiny.write_space(folder / "tiny.toml")
    ended = shell.kwssearch("run", space, "--data", words, "--out", folder / "run", cache=cache)
    assert ended.returncode == 0, ended.stderr
    return folder / "run"
