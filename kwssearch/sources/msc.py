"""Mini Speech Commands, fetched once into the user's cache."""

from __future__ import annotations

import errno
import http.client
import re
import shutil
import stat
import sys
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from kwssearch.system.cache import DataError, kept

MSC_URL = "https://storage.googleapis.com/download.tensorflow.org/data/mini_speech_commands.zip"
WORDS, CLIPS = 8, 1000
TRIES = 5
TIMEOUT_S = 20
BLOCK = 1 << 16
MAX_ARCHIVE_BYTES = 1 << 29
MAX_BYTES = 1 << 30
MAX_FILES = 20_000
CLIP = re.compile(r"[\w-]{1,100}/([\w-]{1,100})/([\w-]{1,100}\.wav)", re.ASCII)
DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
WAYS_OUT = "name a folder of recordings, or take the data set builtin"


class IncompleteError(Exception):
    """The server sent less than it promised; what came is kept and the rest asked for again."""


def msc(
    cache: Path, url: str = MSC_URL, words: int = WORDS, clips: int = CLIPS, tries: int = TRIES, pause_s: float = 1.0
) -> Path:
    """The folder of Mini Speech Commands, fetched and unpacked on first use.

    Args:
        cache: where it is kept.
        words, clips: how many words the archive must hold, and clips of each.
        tries: connections before giving up; each goes on where the last one dropped.
        pause_s: wait before the second try, doubled before each further one.

    Raises:
        DataError: it cannot be fetched, is not what was expected, or the cache cannot be written.
    """

    def make(working: Path) -> None:
        archive = working / "archive.zip"
        fetch(url, archive, tries, pause_s)
        unpack(archive, working, url)
        archive.unlink()
        verify(working, words, clips, url)

    return kept(cache / "mini_speech_commands", make, "Mini Speech Commands, as fetched")


def fetch(url: str, archive: Path, tries: int, pause_s: float) -> None:
    with open(archive, "wb") as file, progress() as show:
        for attempt in range(tries):
            try:
                return receive(url, file, show)
            except (urllib.error.URLError, http.client.HTTPException, IncompleteError, OSError) as error:
                if getattr(error, "errno", None) in DISK_FAULTS:
                    raise
                if url.startswith("https:") and lacks_tls(error):
                    print("No secure connection can be made here; fetching over plain http ...", file=sys.stderr)
                    url = url.replace("https:", "http:", 1)
                    continue
                if is_final(error) or attempt == tries - 1:
                    reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", error)
                    raise DataError(
                        f"msc: {url} cannot be fetched ({' '.join(str(reason).split())[:120]}); "
                        f"go online and try again, {WAYS_OUT}.",
                        about="data",
                    ) from error
                time.sleep(pause_s * 2**attempt)


def lacks_tls(error: Exception) -> bool:
    """Whether this Python or this network cannot do https."""
    reason = getattr(error, "reason", error)
    return type(reason).__name__ in ("SSLError", "SSLCertVerificationError") or "url type: https" in str(reason)


def is_final(error: Exception) -> bool:
    """Whether the server answered that it will not serve this, so that trying again is useless."""
    return isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code not in (408, 416, 429)


class Show(Protocol):
    def __call__(self, done: int, total: int) -> None: ...


def receive(url: str, file: IO[bytes], show: Show) -> None:
    """Adds to the file what it lacks, or all anew where the server cannot send parts.

    Raises:
        IncompleteError: the connection ended early.
    """
    have = file.seek(0, 2)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            file.truncate(0)
        raise
    with response:
        if response.status != 206 or not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            have = 0
            file.truncate(0)
            file.seek(0)
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdecimal() else 0
        while block := response.read(BLOCK):
            file.write(block)
            have += len(block)
            show(have, total)
            if have > MAX_ARCHIVE_BYTES:
                raise refused(url, f"is larger than {MAX_ARCHIVE_BYTES} bytes")
    if total and have != total:
        raise IncompleteError(f"the connection dropped after {have} of {total} bytes")


@contextmanager
def progress() -> Iterator[Show]:
    """Shows bytes on standard error: a bar on a terminal, else one line."""
    if not sys.stderr.isatty():
        print("Fetching Mini Speech Commands ...", file=sys.stderr)
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("Mini Speech Commands", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def unpack(archive: Path, folder: Path, url: str) -> None:
    """Writes the archive's clips to 'word/file.wav' in the folder, and nothing else of it.

    Raises:
        DataError: the archive is broken, or is made to leave the folder or to expand without end.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            clips = [(entry, match) for entry in content.infolist() if (match := clip_of(entry, url))]
            if len(clips) > MAX_FILES or sum(entry.file_size for entry, _ in clips) > MAX_BYTES:
                raise refused(url, f"would unpack to more than {MAX_FILES} files or {MAX_BYTES} bytes")
            for entry, match in clips:
                word, name = match.groups()
                (folder / word).mkdir(exist_ok=True)
                # zipfile gives no more than the declared size, so the bound above holds.
                with content.open(entry) as source, open(folder / word / name, "xb") as sink:
                    shutil.copyfileobj(source, sink)
    except FileExistsError as error:
        raise refused(url, "holds a file twice") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        raise refused(url, f"is not a complete zip archive ({' '.join(str(error).split())[:120]})") from error


def clip_of(entry: zipfile.ZipInfo, url: str) -> re.Match[str] | None:
    """Word and file name of 'mini_speech_commands/word/file.wav'; None for what is not a clip."""
    name = entry.filename
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or stat.S_ISLNK(entry.external_attr >> 16):
        raise refused(url, f"holds {name[:80]!r}, which could leave its folder")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refused(url, f"packs {name[:80]!r} by method {entry.compress_type}, expected stored or deflated")
    return CLIP.fullmatch(name)


def verify(folder: Path, words: int, clips: int, url: str) -> None:
    counts = {
        word.name: sum(1 for _ in word.glob("*.wav")) for word in folder.iterdir() if not word.name.startswith("_")
    }
    if len(counts) != words:
        raise refused(url, f"holds {len(counts)} words, expected {words}")
    for word, count in counts.items():
        if count != clips:
            raise refused(url, f"holds {count} clips of {word[:40]!r}, expected {clips}")


def refused(url: str, what: str) -> DataError:
    return DataError(f"msc: the archive at {url} {what}; it was not kept: try again later, {WAYS_OUT}.", "data")
