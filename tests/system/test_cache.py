"""The cache folder: where it is, who may use it, what is made in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.others import as_somebody_else

from kwssearch.system import cache, whole
from kwssearch.system.cache import DataError, cache_folder, cache_notes, kept, recall, remember


def written(folder: Path) -> None:
    (folder / "file").write_bytes(b"content")


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder that another user may come to."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    monkeypatch.setenv("KWSSEARCH_CACHE", str(place / "cache"))
    yield place / "cache"
    shutil.rmtree(place)


def test_a_cache_that_can_be_used_says_nothing(shared: Path) -> None:
    assert cache_notes() == ()
    (shared / "features").mkdir(parents=True)
    assert cache_notes() == ()


@pytest.mark.parametrize("there", ["", "cache", "cache/features"])
def test_a_cache_that_cannot_be_written_is_one_warning(shared: Path, there: str) -> None:
    (shared.parent / there).mkdir(parents=True, exist_ok=True)
    with as_somebody_else(locked=[shared.parent]):
        (note,) = cache_notes()
    assert note.startswith(f"{shared}: the cache cannot be written; what it holds is used")
    assert "KWSSEARCH_CACHE" in note


@pytest.mark.parametrize("closed", [".", "cache", "cache/features"])
def test_a_cache_that_cannot_be_read_is_a_fault(shared: Path, closed: str) -> None:
    (shared / "features").mkdir(parents=True)
    place = shared.parent / closed
    place.chmod(0)
    try:
        with as_somebody_else(), pytest.raises(DataError, match=r"cannot be read .* KWSSEARCH_CACHE\.$") as caught:
            cache_notes()
    finally:
        place.chmod(0o755)
    assert str(shared) in str(caught.value)


def test_a_file_in_the_place_of_the_cache_is_a_fault(shared: Path) -> None:
    shared.write_text("a file")
    with pytest.raises(DataError, match=r"is a file, expected the cache folder; name another .* KWSSEARCH_CACHE"):
        cache_notes()


HOMELESS = """
import os
os.environ.pop("HOME", None)
for name in ("XDG_CACHE_HOME", "KWSSEARCH_CACHE"):
    os.environ.pop(name, None)
import pwd
def nobody(user):
    raise KeyError(user)
pwd.getpwuid = nobody
{setting}
from kwssearch.system.cache import DataError, cache_folder
try:
    print(cache_folder())
except DataError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "setting, told",
    [
        ("", "has no home folder to keep it); name one with the environment variable KWSSEARCH_CACHE."),
        ("os.environ['KWSSEARCH_CACHE'] = '~/cache'", "environment variable KWSSEARCH_CACHE."),
        ("os.environ['KWSSEARCH_CACHE'] = 'here'", "here"),
        ("os.environ['HOME'] = '/nowhere'", "/nowhere/.cache/kwssearch"),
    ],
)
def test_without_a_home_the_cache_must_be_named(tmp_path: Path, setting: str, told: str) -> None:
    code = HOMELESS.format(setting=setting)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.rstrip("\n").endswith(told)
    assert len(done.stdout.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_named_cache_may_be_below_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KWSSEARCH_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"


def test_threads_that_want_the_same_make_it_once(tmp_path: Path) -> None:
    made = []

    def slowly(folder: Path) -> None:
        made.append(folder)
        time.sleep(0.1)
        written(folder)

    threads = [threading.Thread(target=kept, args=(tmp_path / "kept", slowly)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_what_cannot_be_made_again_leaves_what_is_there(tmp_path: Path) -> None:
    kept(tmp_path / "kept", written)
    (tmp_path / "kept" / "file").write_bytes(b"damaged")

    def offline(folder: Path) -> None:
        raise OSError(101, "Network is unreachable")

    with pytest.raises(DataError, match="cannot be made"):
        kept(tmp_path / "kept", offline)
    assert (tmp_path / "kept" / "file").read_bytes() == b"damaged"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_files_that_somebody_added_are_set_aside_not_lost(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    kept(tmp_path / "kept", written)
    (tmp_path / "kept" / "mine.wav").write_bytes(b"precious")
    kept(tmp_path / "kept", written)
    (aside,) = tmp_path.glob("kept.set-aside-*")
    assert (aside / "mine.wav").read_bytes() == b"precious"
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [whole.SEAL, "file"]
    assert f"now in {aside}" in capfd.readouterr().err


def test_a_link_in_the_place_of_a_folder_is_replaced_and_where_it_led_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").write_bytes(b"precious")
    (tmp_path / "kept").symlink_to("elsewhere")
    kept(tmp_path / "kept", written)
    assert not (tmp_path / "kept").is_symlink()
    assert (tmp_path / "elsewhere" / "mine").read_bytes() == b"precious"


DAMAGE = {
    "truncated": lambda content: content[: len(content) // 2],
    "emptied": lambda content: b"",
    "altered": lambda content: content.replace(b"7", b"8"),
    "zeros": lambda content: bytes(len(content)),
    "no text": lambda content: b"\xff" * len(content),
    "deep": lambda content: b"[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_record_is_not_remembered(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "costs" / "a.json"
    remember(path, {"macs": 7})
    assert recall(path) == {"macs": 7}
    path.write_bytes(damage(path.read_bytes()))
    assert recall(path) is None


def test_what_cannot_be_remembered_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "costs").write_text("a file")
    remember(tmp_path / "costs" / "a.json", {"macs": 7})
    assert recall(tmp_path / "costs" / "a.json") is None


def test_a_folder_that_is_made_is_flushed_before_it_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (events.append("flushed"), fsync(handle))[1])
    monkeypatch.setattr(cache.os, "replace", lambda *paths: (events.append("moved"), replace(*paths))[1])
    kept(tmp_path / "kept", written)
    first_move = len(events) - 1 - events[::-1].index("moved")
    assert events[:first_move].count("flushed") >= 3, "file, digests, their folder"
