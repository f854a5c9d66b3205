"""What is kept is whole or none: every kind of damage, in folders, files and records."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kwssearch.system import whole

CONTENT = bytes(range(256)) * 40


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def prolonged(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def replaced(path: Path) -> None:
    """By another file of its size, moved into place with its times."""
    before = path.stat()
    other = path.with_name(".other")
    other.write_bytes(b"x" * before.st_size)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, path)


def hollow(path: Path) -> None:
    """The right size, but a hole where the blocks never reached the disk."""
    size = path.stat().st_size
    os.truncate(path, size // 3)
    os.truncate(path, size)


def removed(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


DAMAGE = [truncated, emptied, altered, prolonged, replaced, hollow, removed, a_folder, a_broken_link]
every_damage = pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)


def sealed_folder(place: Path, name: str = "kept") -> Path:
    folder = place / name
    (folder / "inner").mkdir(parents=True)
    for path in ("first", "second", "inner/third"):
        (folder / path).write_bytes(CONTENT)
    whole.seal(folder, name, "three files")
    return folder


@pytest.mark.parametrize("path", ["first", "inner/third", whole.SEAL])
@every_damage
def test_a_damaged_folder_is_not_whole(tmp_path: Path, damage: Callable[[Path], None], path: str) -> None:
    folder = sealed_folder(tmp_path)
    assert whole.is_whole(folder)
    damage(folder / path)
    assert not whole.is_whole(folder)
    assert not whole.is_whole(folder), "it is not taken for whole when it is asked for again"


def test_a_folder_with_another_file_or_another_name_is_not_whole(tmp_path: Path) -> None:
    folder = sealed_folder(tmp_path)
    (folder / ".left by the system").write_bytes(b"")
    assert whole.is_whole(folder)
    shutil.copytree(folder, tmp_path / "elsewhere" / "kept")
    assert whole.is_whole(tmp_path / "elsewhere" / "kept")
    os.rename(tmp_path / "elsewhere" / "kept", tmp_path / "elsewhere" / "other")
    assert not whole.is_whole(tmp_path / "elsewhere" / "other")
    (folder / "fourth").write_bytes(b"")
    assert whole.strangers(folder) == ["fourth"]
    assert not whole.is_whole(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"about": "", "files": {}, "sha256": "0"}', b"\xff"])
def test_a_folder_whose_seal_says_nothing_is_not_whole(tmp_path: Path, content: bytes) -> None:
    folder = sealed_folder(tmp_path)
    (folder / whole.SEAL).write_bytes(content)
    assert not whole.is_whole(folder)
    assert whole.strangers(folder) == []


def test_contents_are_read_once_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sealed_folder(tmp_path)
    read: list[Path] = []
    monkeypatch.setattr(whole, "file_digest", lambda path, digest=whole.file_digest: read.append(path) or digest(path))
    assert [whole.is_whole(folder) for _ in range(3)] == [True] * 3
    assert len(read) == 3
    os.utime(folder / "first")
    assert whole.is_whole(folder)
    assert len(read) == 6


@every_damage
def test_damaged_content_is_none(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = tmp_path / "state"
    whole.write_sealed(path, CONTENT)
    assert whole.read_sealed(path) == CONTENT
    damage(path)
    assert whole.read_sealed(path) is None


@every_damage
def test_a_damaged_record_is_none(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = tmp_path / "record.json"
    record = {"figure": 1.25, "sizes": [1, 2], "name": "größe"}
    whole.write_record(path, record)
    assert whole.read_record(path) == record
    damage(path)
    assert whole.read_record(path) is None


def test_what_belongs_elsewhere_is_none(tmp_path: Path) -> None:
    for name in ("a", "b"):
        whole.write_sealed(tmp_path / name / "state", CONTENT)
        whole.write_record(tmp_path / f"{name}.json", {"name": name})
    os.replace(tmp_path / "a" / "state", tmp_path / "b" / "state")
    os.replace(tmp_path / "a.json", tmp_path / "b.json")
    assert whole.read_sealed(tmp_path / "b" / "state") is None
    assert whole.read_record(tmp_path / "b.json") is None


def test_a_digit_of_a_record_is_not_changed_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "cost.json"
    whole.write_record(path, {"macs": 1234})
    path.write_text(path.read_text().replace("1234", "1235"))
    assert whole.read_record(path) is None
