"""What the cache holds and how it is freed: nothing of others, nothing in use."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.others import as_somebody_else

from kwssearch.system import inventory
from kwssearch.system.cache import kept, made_whole, private_folder, remember

DAY = 86_400
KEYS = ["a" * 32, "b" * 32]
USER = """
import sys, time
from pathlib import Path
from kwssearch.system.cache import kept
kept(Path(sys.argv[1]), lambda folder: None)
print("holds it", flush=True)
sys.stdin.read()
"""


def written(folder: Path) -> None:
    (folder / "file").write_bytes(bytes(1000))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "cache"


def fill(cache: Path) -> None:
    """As another process would: what this one made itself, it would hold."""
    with made_whole(cache / "builtin-1", "the built-in words, as spoken") as folder:
        written(folder)
    for key in KEYS:
        with made_whole(cache / "features" / key, "mfcc") as folder:
            written(folder)
    remember(cache / "costs" / f"{KEYS[0]}.json", {"macs": 1})
    remember(cache / "precision" / f"{KEYS[0][:16]}.json", {"policy": "float32"})
    job = cache / "jobs" / KEYS[0][:16] / "0_0"
    job.mkdir(parents=True)
    (job / "checkpoint.npz").write_bytes(bytes(10))
    (cache / "unfinished-x").mkdir()


def age(cache: Path, days: float) -> None:
    for path in [*cache.rglob("*")]:
        os.utime(path, (time.time() - days * DAY,) * 2)


def kinds(things: list[inventory.Kept]) -> list[str]:
    return sorted(thing.kind for thing in things)


ALL = ["costs", "data set", "features", "features", "precision", "training", "unfinished"]


def test_all_that_is_kept_is_told(cache: Path) -> None:
    assert inventory.inventory() == []
    fill(cache)
    things = inventory.inventory()
    assert kinds(things) == ALL
    told = {thing.kind: thing for thing in things}
    assert told["data set"].about == "the built-in words, as spoken"
    assert told["features"].about == "mfcc"
    assert 1000 < told["features"].size < 1500
    assert told["training"].size == 10
    assert [thing.kind for thing in things if thing.in_use] == ["training"]
    assert all(abs(thing.used - time.time()) < 60 for thing in things)


def test_all_that_is_not_in_use_is_freed(cache: Path) -> None:
    fill(cache)
    cleared = inventory.clear(inventory.inventory())
    assert kinds(cleared.in_use) == ["training"]
    assert cleared.refused == []
    assert kinds(inventory.inventory()) == ["training"]
    age(cache, days=2)
    assert kinds(inventory.clear(inventory.inventory()).freed) == ["training"]
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_only_what_is_older_is_freed(cache: Path) -> None:
    fill(cache)
    age(cache, days=31)
    kept(cache / "features" / KEYS[1], written)
    cleared = inventory.clear(inventory.inventory(), 30 * DAY)
    assert kinds(cleared.freed) == sorted(set(ALL))
    (left,) = inventory.inventory()
    assert left.path.name == KEYS[1]


def test_what_was_used_lately_is_not_old(cache: Path) -> None:
    fill(cache)
    age(cache, days=31)
    done = subprocess.run([sys.executable, "-c", USER, cache / "builtin-1"], input="", capture_output=True, text=True)
    assert done.stdout == "holds it\n", done.stderr
    cleared = inventory.clear(inventory.inventory(), 30 * DAY)
    assert "data set" not in kinds(cleared.freed)
    assert (cache / "builtin-1" / "file").exists()


@pytest.fixture
def user(cache: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that uses features."""
    fill(cache)
    command = [sys.executable, "-c", USER, cache / "features" / KEYS[0]]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "holds it\n"
    yield process
    process.kill()
    process.communicate()


def test_what_a_process_uses_is_not_taken_until_it_ends(cache: Path, user: subprocess.Popen[str]) -> None:
    used = cache / "features" / KEYS[0]
    things = inventory.inventory()
    assert [thing.path for thing in things if thing.in_use and thing.kind == "features"] == [used]
    assert used in [thing.path for thing in inventory.clear(things).in_use]
    assert (used / "file").exists()
    user.communicate()
    assert [thing.path for thing in inventory.clear(inventory.inventory()).freed] == [used]


def test_what_came_into_use_after_it_was_listed_is_not_taken(cache: Path) -> None:
    fill(cache)
    things = inventory.inventory()
    kept(cache / "builtin-1", written)
    assert "data set" in kinds(inventory.clear(things).in_use)
    assert (cache / "builtin-1" / "file").exists()


def test_what_is_being_made_is_in_use(cache: Path) -> None:
    with made_whole(cache / "features" / KEYS[0]) as folder:
        written(folder)
        assert kinds(inventory.clear(inventory.inventory()).in_use) == ["unfinished"]
    assert (cache / "features" / KEYS[0] / "file").exists()


def test_what_others_keep_in_the_folder_is_neither_told_nor_taken(cache: Path) -> None:
    """A cache folder may be a home, by a slip."""
    others = ["thesis/text", "features/notes/text", "features/own.npy", "jobs/applications/text", "costs/travel.json"]
    for name in others:
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).write_bytes(b"precious")
    (cache / "mini_speech_commands").symlink_to(cache / "thesis")
    assert inventory.inventory() == []
    fill(cache)
    age(cache, days=2)
    inventory.clear(inventory.inventory())
    assert all((cache / name).read_bytes() == b"precious" for name in others)
    assert (cache / "mini_speech_commands").is_symlink()


def test_features_that_were_kept_elsewhere_are_told_and_freed_too(cache: Path) -> None:
    place = private_folder()
    with made_whole(place / "features" / KEYS[0]) as folder:
        written(folder)
    (thing,) = inventory.inventory()
    assert thing.path == place / "features" / KEYS[0]
    assert inventory.clear([thing]).freed == [thing]


def test_what_another_user_made_is_told_as_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    monkeypatch.setenv("KWSSEARCH_CACHE", str(place))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    fill(place)
    with as_somebody_else(locked=[place]):
        cleared = inventory.clear(inventory.inventory())
    assert kinds(cleared.refused) == [kind for kind in ALL if kind != "training"]
    assert cleared.freed == []
    assert kinds(inventory.inventory()) == ALL
    subprocess.run(["rm", "-r", place], check=True)
