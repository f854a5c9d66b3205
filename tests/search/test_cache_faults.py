"""Searches on a cache that is damaged, closed or nowhere: no trial fails of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import shell

ONE_TRIAL = """
[recipe]
epochs = 1
batch_size = 8
precision = "float32"
deterministic = true

[features.mfcc]
kind = "mfcc"
coefficients = 10

[baseline]
width_multiplier = 0.05
"""
UNPRIVILEGED = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("one") / "one.toml"
    path.write_text(ONE_TRIAL)
    return path


def digest(run: Path) -> str:
    (record,) = run.glob("trial_*/result.json")
    return str(json.loads(record.read_text())["sha256"])


@pytest.mark.damage
def test_a_search_on_damaged_features_ends_as_on_whole_ones(words: Path, space: Path, tmp_path: Path) -> None:

    def search(run: Path, *options: object) -> subprocess.CompletedProcess[str]:
        return shell.kwssearch("run", space, "--data", words, "--out", run, *options, cache=tmp_path / "cache")

    searched = [search(tmp_path / "first")]
    (features,) = (tmp_path / "cache" / "features").glob("*/train.npy")
    size = features.stat().st_size
    os.truncate(features, 5000)
    os.truncate(features, size)
    searched.append(search(tmp_path / "second", "--workers", 1))
    assert [ended.returncode for ended in searched] == [0, 0], searched[-1].stderr
    assert digest(tmp_path / "first") == digest(tmp_path / "second")
    assert "is not what was kept there; it is made again." in (tmp_path / "second" / "workers.log").read_text()


@pytest.fixture
def of_somebody_else(tmp_path: Path) -> Iterator[Path]:
    """A cache whose features only their owner can read."""
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("giving files to another user takes root, and setpriv to be nobody special")
    cache = Path(tempfile.mkdtemp())
    (cache / "features").mkdir()
    for path in (cache, cache / "features"):
        os.chown(path, 12345, 12345)
    cache.chmod(0o755)
    (cache / "features").chmod(0o700)
    yield cache
    shutil.rmtree(cache)


def test_a_cache_that_cannot_be_read_stops_a_search_before_it_begins(
    words: Path, space: Path, tmp_path: Path, of_somebody_else: Path
) -> None:
    run = tmp_path / "run"
    command = [*UNPRIVILEGED, *shell.command("run", space, "--data", words, "--out", run)]
    environment = shell.environment(of_somebody_else)
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: {of_somebody_else}/features: cannot be read (Permission denied)")
    assert "KWSSEARCH_CACHE" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not run.exists()


def test_without_a_home_a_search_asks_for_a_place(words: Path, space: Path, tmp_path: Path) -> None:
    """As in a container with a user id that nobody entered."""
    code = (
        "import pwd, sys\n"
        "def unknown(user): raise KeyError(user)\n"
        "pwd.getpwuid = unknown\n"
        "from kwssearch.cli.commands import main\n"
        "main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "run", space, "--data", words, "--out", "run"]
    environment = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CACHE_HOME", "KWSSEARCH_CACHE")}
    ended = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=120, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.endswith("name one with the environment variable KWSSEARCH_CACHE.\n")
    assert len(ended.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
