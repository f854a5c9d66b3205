"""What a stream is made of: a split's own clips, other words, running speech and noise, apart from training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import gcd
from pathlib import Path

from kwssearch.data import Clip, DataSet, speaker_rule
from kwssearch.data.recordings import Audio, Recording, sounds_in
from kwssearch.data.silence import parts
from kwssearch.data.splits import place_of
from kwssearch.data.tree import BACKGROUND, SILENT
from kwssearch.data.wav import clip_bytes, digest, read_start
from kwssearch.errors import UserError
from kwssearch.sources.builtin import RATE
from kwssearch.sources.speech import Spoken
from kwssearch.space import UNKNOWN, StreamSettings

Reader = Callable[[int, int], Audio]
SPLITS = ("validation", "test")
PIECE_S = 30.0  # of a long recording without keywords
SHORT_WINDOWS = 3  # a recording of noise that is no longer than so many windows belongs to one split as a whole


@dataclass(frozen=True)
class Piece:
    """Something to hear.

    Attributes:
        name: where it comes from.
        length: samples at the stream's rate.
        read: so many samples in [-1, 1] from a first one on.
        label: the class of a keyword, else None.
    """

    name: str
    length: int
    read: Reader
    label: int | None = None

    @property
    def audio(self) -> Audio:
        """All of it, shape (length,)."""
        return self.read(0, self.length)


def keyword_pieces(data: DataSet, split: str) -> list[Piece]:
    """The clips of a split's words that hold sound.

    Raises:
        UserError: there is none.
    """
    found = []
    for index, clip in enumerate(data.splits[split]):
        if data.words[clip.label] in data.keywords and (samples := data.audio(split, index)).any():
            found.append(Piece(clip.path, len(samples), clip_reader(data, split, index), clip.label))
    if not found:
        raise UserError(
            f"{data.source}: its {split} split holds no speaker who says a word, expected clips for the {split} "
            "stream; give the split speakers of its own."
        )
    return found


def clip_reader(data: DataSet, split: str, index: int) -> Reader:
    return lambda start, count: data.audio(split, index)[start : start + count] / 32768


def piece_of(sound: Recording, name: str, first: int, last: int) -> Piece:
    """A stretch of a recording."""
    return Piece(name, last - first, lambda start, count: sound.read(first + start, count))


def other_words(data: DataSet, split: str, settings: StreamSettings) -> list[Piece]:
    """Clips of words that are no keywords: the split's class 'unknown', and those of a folder."""
    found = [
        Piece(clip.path, len(data.audio(split, index)), clip_reader(data, split, index))
        for index, clip in enumerate(data.splits[split])
        if data.settings.unknown and data.words[clip.label] == UNKNOWN
    ]
    if settings.other_words:
        folder = Path(settings.other_words).expanduser()
        found += foreign_words(data, split, folder)
    return found


def foreign_words(data: DataSet, split: str, folder: Path) -> list[Piece]:
    """Clips of a folder, without keywords, noise, what the data set holds too, and whoever speaks in another split.

    A speaker of the data set belongs to the split that the data set says, any other one to validation or test by the
    hash of the name.
    """
    known = {who: each for each, clips in data.splits.items() for who in map(bare_speaker(data), paths_of(clips))}
    held = {clip.digest for clips in data.splits.values() for clip in clips}
    most = round(data.window_s * data.sampling_rate)
    found = []
    for sound in sounds_in(folder, data.sampling_rate):
        path = sound.path.relative_to(folder).as_posix()
        if {*sound.path.relative_to(folder).parts[:-1]} & {SILENT, BACKGROUND, *data.words}:
            continue
        who = bare_speaker(data)(path)
        content = read_start(sound.path, clip_bytes(data.window_s))
        if known.get(who, half_of(who)) == split and digest(content) not in held and sound.length:
            found.append(piece_of(sound, f"{folder.name}/{path}", 0, min(sound.length, most)))
    return found


def paths_of(clips: Iterable[Clip]) -> list[str]:
    return [clip.path for clip in clips]


def bare_speaker(data: DataSet) -> Callable[[str], str]:
    """Clip -> speaker, without a word before it: `backward_0c540988_nohash_0.wav` is said by 0c540988."""
    rule = speaker_rule(data.settings.speaker)
    return lambda path: rule(path).rpartition("_")[2]


def half_of(name: str) -> str:
    return SPLITS[place_of(name) >= 0.5]


def recorded_noise(data: DataSet, split: str, settings: StreamSettings) -> list[Piece]:
    """Recordings of noise: of the folder that is named, else those beside the words and the other words.

    A long recording's last fifth is for validation and test, as it is for the class 'silence'; short ones are for one
    of them by the hash of the name, unless they were trained on.
    """
    if settings.noise:
        folder = Path(settings.noise).expanduser()
        sounds = sounds_in(folder, data.sampling_rate)
    else:
        places = [data.root, *([Path(settings.other_words).expanduser()] if settings.other_words else [])]
        folders = [place / name for place in places for name in (SILENT, BACKGROUND) if any((place / name).glob("*.*"))]
        sounds = [sound for place in folders for sound in sounds_in(place, data.sampling_rate)]
    split_of = {source_of(data, clip): each for each, clips in data.splits.items() for clip in clips}
    window = round(data.window_s * data.sampling_rate)
    return [piece for sound in sounds for piece in noise_of(sound, split, split_of, window)]


def source_of(data: DataSet, clip: Clip) -> str:
    """What a recording of which a clip is made is known by: its place where it is a piece, else its content."""
    return clip.digest if clip.crop is None else str(data.located(clip.crop.file).resolve())


def noise_of(sound: Recording, split: str, split_of: Mapping[str, str], window: int) -> list[Piece]:
    name, length = f"{sound.path.parent.name}/{sound.path.name}", sound.length
    if length <= SHORT_WINDOWS * window:
        known = split_of.get(digest(sound.path.read_bytes())) or split_of.get(str(sound.path.resolve()))
        owner = known or half_of(name)
        return [piece_of(sound, name, 0, length)] if owner == split and length else []
    return [piece_of(sound, name, first, last) for owner, first, last in parts(name, length, window) if owner == split]


def negatives(folder: Path, split: str, rate: int) -> list[Piece]:
    """Long recordings in pieces of up to 30 s: the first half of each is for validation, the second for the test."""
    size = round(PIECE_S * rate)
    found = []
    for sound in sounds_in(folder, rate):
        half = sound.length // 2
        first, last = (0, half) if split == SPLITS[0] else (half, sound.length)
        for start in range(first, last, size):
            name = f"{sound.path.name} from {start / rate:.0f} s"
            found.append(piece_of(sound, name, start, min(start + size, last)))
    return found


def sentence_pieces(spoken: Spoken, rate: int) -> list[Piece]:
    """Sentences at the stream's rate."""
    factor = gcd(rate, RATE)
    up, down = rate // factor, RATE // factor

    def reader(index: int) -> Reader:
        def read(start: int, count: int) -> Audio:
            from scipy.signal import resample_poly

            sentence: Audio = resample_poly(spoken.samples(index) / 32768, up, down)
            return sentence[start : start + count]

        return read

    return [Piece(text, -(-count * up // down), reader(index)) for index, (text, _, _, count) in enumerate(spoken.rows)]
