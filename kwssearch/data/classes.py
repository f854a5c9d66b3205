"""Which folders become which class, and how many clips the classes of other sounds take."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from kwssearch.data.splits import SPLITS, place_of
from kwssearch.data.telling import named
from kwssearch.data.tree import BACKGROUND, OTHER, SILENT, SOUNDS
from kwssearch.errors import did_you_mean
from kwssearch.space import SILENCE, UNKNOWN, DataSettings

Note = Callable[[str, str, str], None]


def classes_of(
    folders: Iterable[str], settings: DataSettings, fault: Note, silent: Iterable[str] = ()
) -> dict[str, str]:
    """Folder -> class, of the folders that are used; crops of `_background_noise_` come later.

    Args:
        folders: those that hold sound.
        fault: is told (path, kind, what is wrong).
        silent: folders that hold none.
    """
    known = list(folders)
    words = [name for name in known if name not in SOUNDS]
    composed = {unicodedata.normalize("NFC", name): name for name in words}
    wanted = settings.words or tuple(name for name in words if not is_other(name, settings))
    chosen = [word if word in words else composed.get(unicodedata.normalize("NFC", word), word) for word in wanted]
    for word in chosen:
        if word in silent:
            fault(
                word, "word", "holds no recordings, expected WAVs of this word; add some, or leave it out of the words"
            )
        elif word not in words:
            hint = f" ({near})" if (near := did_you_mean(word, words).strip()) else ""
            fault("", "word", f"has no word folder {word!r}{hint}, expected some of {named(words)}; correct the words")
    found = {word: word for word in chosen if word in words}
    if settings.unknown:
        found |= {name: UNKNOWN for name in (*words, OTHER) if name in known and name not in found and name != SILENCE}
        if UNKNOWN not in found.values() and settings.unknown is True:
            text = f"holds no other words for the class 'unknown', expected folders besides the words, or {OTHER}"
            fault("", "unknown", f"{text}; add some, or set unknown = false")
    if settings.silence:
        found |= {name: SILENCE for name in (SILENCE, SILENT) if name in known}
        if SILENCE not in found.values() and BACKGROUND not in known and settings.silence is True:
            text = f"holds no sound for the class 'silence', expected a folder {SILENT} or {BACKGROUND}"
            fault("", "silence", f"{text}; add one, or set silence = false")
    return found


def is_other(name: str, settings: DataSettings) -> bool:
    """Whether a folder is that of a class for sounds that are not words."""
    return bool((settings.unknown and name == UNKNOWN) or (settings.silence and name == SILENCE))


def ordered(classes: Iterable[str], settings: DataSettings) -> tuple[str, ...]:
    """Words sorted, then unknown, then silence."""
    gathered = [name for name in (UNKNOWN, SILENCE) if is_other(name, settings)]
    found = set(classes)
    return (*sorted(found - set(gathered)), *(name for name in gathered if name in found))


def means(split_of: Mapping[str, str], class_of: Mapping[str, str]) -> dict[str, int]:
    """Split -> how many clips a word has there on average."""
    counts = Counter(split_of[clip] for clip, name in class_of.items() if name not in (UNKNOWN, SILENCE))
    words = {name for name in class_of.values() if name not in (UNKNOWN, SILENCE)}
    return {split: round(counts[split] / max(1, len(words))) for split in SPLITS}


def balanced(clips: Iterable[str], split_of: Mapping[str, str], most: Mapping[str, int]) -> set[str]:
    """Clips of other sounds that are kept: in each split no more than `most`, from all folders in turn.

    Within a folder, the order is that of the paths' hashes.
    """
    folders: dict[str, dict[str, list[str]]] = {split: defaultdict(list) for split in SPLITS}
    for clip in sorted(clips, key=lambda path: (place_of(path), path)):
        folders[split_of[clip]][clip.rpartition("/")[0]].append(clip)
    kept: set[str] = set()
    for split, by_folder in folders.items():
        turns = [(turn, place_of(clip), clip) for found in by_folder.values() for turn, clip in enumerate(found)]
        kept.update(clip for _, _, clip in sorted(turns)[: most[split]])
    return kept
