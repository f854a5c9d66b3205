"""Mini Speech Commands from a web server on loopback: whole, dropped, broken, hostile, absent."""

from __future__ import annotations

import io
import os
import shutil
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from kwssearch.data.dataset import load_data
from kwssearch.sources import msc as download
from kwssearch.system.cache import DataError, cache_folder
from kwssearch.testing.words import wav

WORDS = ("down", "go", "left", "no", "right", "stop", "up", "yes")
CLIPS = 12


@dataclass
class Server:
    """Serves `content`; drops each of the first `drops` connections halfway."""

    content: bytes = b""
    drops: int = 0
    status: int = 200
    ranges: bool = True
    requests: list[str | None] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        self.requests.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        part = self.content[start:]
        handler.send_response(206 if start else self.status)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        handler.send_header("Content-Length", str(len(part)))
        handler.end_headers()
        dropped = len(self.requests) <= self.drops
        handler.wfile.write(part[: len(part) // 2] if dropped else part)


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{http.server_port}/mini_speech_commands.zip"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield served
    http.shutdown()
    http.server_close()
    thread.join()


def archive(extra: dict[str | zipfile.ZipInfo, bytes] | None = None, clips: int = CLIPS) -> bytes:
    """An archive laid out as the public one is."""
    rng = np.random.default_rng(0)
    content = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore", UserWarning)
        file.writestr("mini_speech_commands/README.md", "about")
        file.writestr("__MACOSX/mini_speech_commands/._yes", "resource fork")
        for word in WORDS:
            file.writestr(f"mini_speech_commands/{word}/", "")
            for i in range(clips):
                file.writestr(f"mini_speech_commands/{word}/{i:08x}_nohash_0.wav", wav(0.1 * rng.standard_normal(800)))
        for name, body in (extra or {}).items():
            file.writestr(name, body)
    return content.getvalue()


def fetch(server: Server, cache: Path, tries: int = 3) -> Path:
    return download.msc(cache, server.url, clips=CLIPS, tries=tries, pause_s=0)


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_fetched_once_and_unpacked(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.content = archive()
    folder = fetch(server, tmp_path / "cache")
    assert sorted(path.name for path in folder.glob("[!.]*")) == sorted(WORDS)
    assert sum(1 for _ in folder.rglob("*.wav")) == len(WORDS) * CLIPS
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]
    assert fetch(server, tmp_path / "cache") == folder
    assert server.requests == [None]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Fetching Mini Speech Commands ...\n"


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "truncated": lambda clip: os.truncate(clip, 100),
    "emptied": lambda clip: os.truncate(clip, 0),
    "altered": altered,
    "another clip": lambda clip: (shutil.copyfile(sorted(clip.parent.iterdir())[-1], clip), None)[1],
    "gone": lambda clip: clip.unlink(),
    "a word is gone": lambda clip: shutil.rmtree(clip.parent),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_not_whole_any_more_is_fetched_again(
    server: Server, tmp_path: Path, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    server.content = archive()
    folder = fetch(server, tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*.wav")}
    damage(sorted(folder.rglob("*.wav"))[0])
    assert fetch(server, tmp_path) == folder
    assert {path: path.read_bytes() for path in folder.rglob("*.wav")} == before
    assert len(server.requests) == 2
    assert f"{folder}: is not what was kept there; it is made again.\n" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_modes_of_what_is_fetched_are_those_of_the_umask(server: Server, tmp_path: Path) -> None:
    server.content = archive()
    before = os.umask(0o027)
    try:
        folder = fetch(server, tmp_path)
    finally:
        os.umask(before)
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}
    assert modes == {(True, 0o750), (False, 0o640)}


def test_msc_by_name(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.content = archive(clips=80)
    monkeypatch.setenv("KWSSEARCH_CACHE", str(tmp_path / "cache"))
    download.msc(cache_folder(), server.url, clips=80)
    data = load_data("msc")
    assert (data.source, data.words) == ("msc", WORDS)


@pytest.mark.parametrize("ranges", [True, False])
def test_goes_on_where_the_connection_dropped(server: Server, tmp_path: Path, ranges: bool) -> None:
    server.content, server.drops, server.ranges = archive(), 2, ranges
    fetch(server, tmp_path)
    half = len(server.content) // 2
    assert server.requests[:2] == [None, f"bytes={half}-"]
    assert len(server.requests) == 3
    if ranges:
        assert server.requests[2] == f"bytes={half + (len(server.content) - half) // 2}-"


def test_is_fetched_by_https_and_by_http_only_where_that_cannot_be(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert download.MSC_URL.startswith("https://")
    server.content = archive()
    secure = server.url.replace("http:", "https:")  # which this server does not speak
    download.msc(tmp_path, secure, clips=CLIPS, tries=2, pause_s=0)
    assert server.requests == [None]
    assert "No secure connection can be made here; fetching over plain http ...\n" in capsys.readouterr().err


def test_gives_up_after_some_drops(server: Server, tmp_path: Path) -> None:
    server.content, server.drops = archive(), 9
    with pytest.raises(DataError, match=r"the connection dropped after \d+ of \d+ bytes"):
        fetch(server, tmp_path)
    assert len(server.requests) == 3
    assert tree(tmp_path) == []


@pytest.mark.parametrize("status, requests", [(404, 1), (403, 1), (503, 3)])
def test_server_that_refuses(server: Server, tmp_path: Path, status: int, requests: int) -> None:
    server.status = status
    with pytest.raises(DataError, match=f"HTTP Error {status}"):
        fetch(server, tmp_path)
    assert len(server.requests) == requests


def test_offline_says_both_ways_out(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        download.msc(tmp_path, "http://127.0.0.1:9/mini_speech_commands.zip", tries=2, pause_s=0)
    message = str(caught.value)
    assert message.startswith("msc: http://127.0.0.1:9/mini_speech_commands.zip cannot be fetched (")
    assert message.endswith("go online and try again, name a folder of recordings, or take the data set builtin.")
    assert tree(tmp_path) == []


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("mini_speech_commands/yes/link.wav")
    entry.external_attr = 0o120777 << 16
    return entry


def damaged() -> bytes:
    content = bytearray(archive())
    content[2000:2100] = bytes(100)
    return bytes(content)


REFUSED = {
    "a page": (lambda: b"<html>sign in</html>", "is not a complete zip archive"),
    "nothing": (lambda: b"", "is not a complete zip archive"),
    "half": (lambda: archive()[:5000], "is not a complete zip archive"),
    "damaged": (damaged, "is not a complete zip archive"),
    "climbs": (lambda: archive({"mini_speech_commands/../../out.wav": b"x"}), "could leave its folder"),
    "climbs as a word": (lambda: archive({"mini_speech_commands/../out.wav": b"x"}), "could leave its folder"),
    "absolute": (lambda: archive({"/tmp/yes/out.wav": b"x"}), "could leave its folder"),
    "backslashes": (lambda: archive({"mini\\..\\..\\out.wav": b"x"}), "could leave its folder"),
    "link": (lambda: archive({link(): b"/etc/passwd"}), "could leave its folder"),
    "twice": (lambda: archive({"mini_speech_commands/yes/00000000_nohash_0.wav": b"x"}), "holds a file twice"),
    "a clip more": (lambda: archive({"mini_speech_commands/yes/x.wav": b"x"}), "holds 13 clips of 'yes', expected 12"),
    "a word more": (lambda: archive({"mini_speech_commands/bed/x.wav": b"x"}), "holds 9 words, expected 8"),
    "no words": (lambda: archive(clips=0), "holds 0 words, expected 8"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_archive_that_is_refused(server: Server, tmp_path: Path, kind: str) -> None:
    make, expected = REFUSED[kind]
    server.content = make()
    cache = tmp_path / "cache"
    with pytest.raises(DataError) as caught:
        fetch(server, cache)
    assert expected in str(caught.value)
    assert "take the data set builtin" in str(caught.value)
    assert tree(tmp_path) == ["cache"]


def test_archive_that_expands_without_end(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 1 << 20)
    server.content = archive({"mini_speech_commands/yes/zeros.wav": bytes(1 << 21)})
    with pytest.raises(DataError, match="would unpack to more than 20000 files or 1048576 bytes"):
        fetch(server, tmp_path)


def test_archive_that_lies_about_its_size(server: Server, tmp_path: Path) -> None:
    honest = archive({"mini_speech_commands/yes/zeros.wav": bytes(1 << 21)})
    server.content = honest.replace((1 << 21).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    with pytest.raises(DataError, match="is not a complete zip archive"):
        fetch(server, tmp_path)


def test_archive_of_many_files(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_FILES", 50)
    server.content = archive()
    with pytest.raises(DataError, match="would unpack to more than 50 files"):
        fetch(server, tmp_path)


def test_download_without_end(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_ARCHIVE_BYTES", 1 << 17)
    server.content = bytes(1 << 20)
    with pytest.raises(DataError, match="is larger than 131072 bytes"):
        fetch(server, tmp_path)


def test_cache_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match=r"cannot be made .* KWSSEARCH_CACHE"):
        fetch(server, tmp_path / "cache")


def test_cache_folder_is_the_users_or_the_named_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KWSSEARCH_CACHE", raising=False)
    assert cache_folder().name == "kwssearch"
    monkeypatch.setenv("KWSSEARCH_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
