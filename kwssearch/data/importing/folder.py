"""Makes a folder of words out of recordings of any format, rate, width and length; nothing there is altered."""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kwssearch.data.importing.convert import converted, cut, kind_of, wav_bytes
from kwssearch.data.importing.plan import ImportPlan, Take, plan_import
from kwssearch.data.speakers import MARK, suggest
from kwssearch.data.tree import BACKGROUND
from kwssearch.data.wav import TOLERANCE_S, faults_of, parse
from kwssearch.errors import UserError, counted
from kwssearch.sources import LISTS
from kwssearch.system.cache import DataError
from kwssearch.system.storage import read_json, write_bytes, write_json

MANIFEST = ".import.json"
Show = Callable[[int, int], None]


@dataclass(frozen=True)
class ImportOptions:
    """How recordings become clips.

    Attributes:
        slice: cut longer recordings into windows, instead of taking their loudest one.
        speaker, word: regular expressions whose group is the speaker, the word.
        rate: of all clips, in Hz.
        window_s: the longest clip, in seconds.
    """

    slice: bool = False
    speaker: str | None = None
    word: str | None = None
    rate: int = 16_000
    window_s: float = 1.0


@dataclass
class Summary:
    """What was done.

    Attributes:
        clips: how many each word has.
        done: what was done -> to how many recordings.
        left: why -> recordings that were not taken.
        splits: split -> clips that are on its list.
    """

    notes: list[str]
    clips: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    left: dict[str, list[str]] = field(default_factory=dict)
    splits: dict[str, int] = field(default_factory=dict)


def import_folder(source: Path, target: Path, options: ImportOptions, show: Show = lambda done, total: None) -> Summary:
    """Writes mono 16-bit clips of one rate into a folder a word, and lists of the splits that were there.

    Done again, it goes on where it stopped.

    Raises:
        DataError: there is nothing to import, or the target holds something else.
        UserError: the disk is full, or the target cannot be written.
    """
    check_places(source, target)
    plan = plan_import(source, options.word, options.speaker)
    begin(source, target, options)
    summary = Summary(plan.notes, left=plan.left)
    listed: dict[str, list[str]] = {split: [] for split in LISTS}
    for number, take in enumerate(plan.takes):
        show(number, len(plan.takes))
        try:
            clips = import_take(source, target, take, options, summary)
        except (OSError, ValueError, RuntimeError) as error:
            summary.left.setdefault(kind_of(error), []).append(take.path)
            continue
        summary.clips[take.word] += len(clips)
        if take.split in listed and take.word != BACKGROUND:
            listed[take.split] += clips
    show(len(plan.takes), len(plan.takes))
    write_lists(target, listed, summary)
    tell_of_speakers(plan, summary)
    return summary


def check_places(source: Path, target: Path) -> None:
    if not source.is_dir():
        kind, remedy = ("a file", "; unpack an archive first") if source.exists() else ("not a folder", "")
        raise DataError(f"{source}: is {kind}, expected a folder that holds recordings{remedy}.")
    inner, outer = os.path.realpath(target), os.path.realpath(source)
    if os.path.commonpath([inner, outer]) in (inner, outer):
        raise DataError(
            f"{target}: lies in {source} or holds it, expected a folder elsewhere for the clips; name another."
        )
    if target.exists() and not target.is_dir():
        raise DataError(f"{target}: is a file, expected a new folder; name another.")


def begin(source: Path, target: Path, options: ImportOptions) -> None:
    """Marks the target as an import's, or finds that it is this one's."""
    record = {"source": os.path.realpath(source), **asdict(options)}
    if target.is_dir() and any(target.iterdir()):
        try:
            begun = read_json(target / MANIFEST)
        except (OSError, ValueError) as error:
            raise DataError(f"{target}: holds other files, expected a new or empty folder; name another.") from error
        differing = [key for key, value in record.items() if begun.get(key) != value]
        if differing:
            key = differing[0]
            raise DataError(
                f"{target}: was begun with {key} {str(begun.get(key))[:80]!r}, which is {str(record[key])[:80]!r} now; "
                "import as before, or name another folder."
            )
    else:
        write_json(target / MANIFEST, record)


def import_take(source: Path, target: Path, take: Take, options: ImportOptions, summary: Summary) -> list[str]:
    """Writes the clips of one recording, the first one last; their names, 'word/file.wav'."""
    is_noise = take.word == BACKGROUND
    slices = options.slice and not is_noise
    first = slice_name(take.target, 0) if slices else f"{take.target}.wav"
    if is_there(target / first, math.inf if is_noise else options.window_s):
        summary.done["there already"] += 1
        return [first, *(slices_there(target, take.target) if slices else ())]
    audio, actions = converted(source / take.path, options.rate)
    length = round(options.window_s * options.rate)
    pieces = [audio] if is_noise else list(cut(audio, length, TOLERANCE_S * options.rate, slices))
    names = [slice_name(take.target, number) if slices else first for number in range(len(pieces))]
    if len(audio) > len(pieces[0]):
        actions.append("cut into slices" if slices else "cut to the loudest window")
    for name, piece in reversed(list(zip(names, pieces, strict=True))):
        place(target / name, wav_bytes(piece, options.rate))
    summary.done.update(actions or ["taken as they are"])
    return names


def place(path: Path, content: bytes) -> None:
    """Writes a clip by one move.

    Raises:
        UserError: the disk is full, or the folder cannot be written.
    """
    # Not flushed one by one, which took most of the time: what a power cut leaves broken is made again.
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        reason = error.strerror or error
        raise UserError(f"{path}: cannot be written ({reason}); make room or give write permission.") from error


def is_there(path: Path, window_s: float) -> bool:
    """Whether a clip was written whole before."""
    try:
        return not faults_of(parse(path.read_bytes()), window_s, whole=True)
    except (OSError, ValueError):
        return False


def slice_name(target: str, number: int) -> str:
    """Slices of one recording are of one speaker."""
    return f"{target}-s{number:03d}.wav" if MARK in target else f"{target}{MARK}s{number:03d}.wav"


def slices_there(target: Path, name: str) -> Iterator[str]:
    number = 1
    while (target / (clip := slice_name(name, number))).is_file():
        yield clip
        number += 1


def write_lists(target: Path, listed: dict[str, list[str]], summary: Summary) -> None:
    """Writes the split lists; one that was changed since is kept."""
    manifest = read_json(target / MANIFEST)
    written = dict(manifest.get("lists") or {})
    for split, name in LISTS.items():
        clips = sorted(listed[split])
        summary.splits[split] = len(clips)
        content = "".join(f"{clip}\n" for clip in clips).encode()
        path = target / name
        if not clips or (path.exists() and path.read_bytes() == content):
            continue
        if path.exists() and written.get(name) != hashlib.sha256(path.read_bytes()).hexdigest():
            summary.notes.append(f"{name}: was changed since it was written, so it is kept.")
            continue
        write_bytes(path, content)
        written[name] = hashlib.sha256(content).hexdigest()
    write_json(target / MANIFEST, {**manifest, "lists": written})


def tell_of_speakers(plan: ImportPlan, summary: Summary) -> None:
    unknown = [take for take in plan.takes if not take.speaker and MARK not in take.target and take.word != BACKGROUND]
    if not unknown:
        return
    text = f"{counted(len(unknown), 'recording')} of no known speaker: each counts as one of its own"
    if found := suggest([f"{take.word}/{take.path.rsplit('/', 1)[-1]}" for take in unknown]):
        shown = ", ".join(found.speakers[:3]) + (", ..." if len(found.speakers) > 3 else "")
        text += f"; the speaker pattern '{found.pattern}' would find {len(found.speakers)} ({shown})"
    summary.notes.append(f"{text}.")
