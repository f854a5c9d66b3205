"""Clips that are no word, made of a data set's own: words played backwards, and halves of two words joined.

They sound like the people and the microphone of the keywords, which words from elsewhere do not.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kwssearch.data.dataset import DataSet
from kwssearch.data.speakers import speaker_rule
from kwssearch.errors import UserError

Samples = npt.NDArray[np.float32]
BACKWARDS, JOINED = 2, 2  # of each speaker, as far as there are words
QUIET = 0.05  # of a clip's loudest 25 ms, in power: what is below is no part of the word
CUT = (0.35, 0.65)  # share of a word after which it is cut
FADE_S, MARGIN_S = 0.01, 0.1


def write_pieces(data: DataSet, folder: Path, seed: int = 0) -> dict[str, int]:
    """Fills a new folder with pieces of a data set's words, for its class 'unknown'.

    A piece is of one speaker's clips alone, and is called after the speaker, so that it is in the speaker's split.

    Args:
        folder: one below it for each kind of piece, and below that one for each word or pair.
        seed: of what is drawn.

    Returns:
        how many clips there are of each kind.

    Raises:
        UserError: the folder is there already, or cannot be written.
        DataError: a clip cannot be read.
    """
    import soundfile

    if folder.exists():
        raise UserError(f"{folder}: is there already, expected a folder to make; name another one, or remove it.")
    rng, rule = np.random.default_rng(seed), speaker_rule(data.settings.speaker)
    spoken: dict[str, dict[str, tuple[str, int]]] = defaultdict(dict)
    for split, clips in data.splits.items():
        for index, clip in enumerate(clips):
            if clip.label < len(data.keywords):
                spoken[rule(clip.path)].setdefault(data.words[clip.label], (split, index))
    counts = {"backwards": 0, "joined": 0}
    for speaker, places in sorted(spoken.items()):
        words = [str(word) for word in rng.permutation(sorted(places))[: max(BACKWARDS, JOINED)]]
        heard = {word: (data.audio(*places[word]) / 32768).astype(np.float32) for word in words}
        pieces = [("backwards", f"{word} backwards", heard[word][::-1]) for word in words[:BACKWARDS]]
        pairs = [(words[i], words[i - 1]) for i in range(min(JOINED, len(words)) if len(words) > 1 else 0)]
        pieces += [
            ("joined", f"{one} {other}", joined(heard[one], heard[other], data.sampling_rate, rng))
            for one, other in pairs
        ]
        for number, (kind, name, samples) in enumerate(pieces):
            path = folder / kind / name / f"{speaker}_nohash_{number}.wav"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, np.round(samples * 32767).astype(np.int16), data.sampling_rate, subtype="PCM_16")
            except (OSError, soundfile.LibsndfileError) as error:
                raise UserError(f"{path}: cannot be written ({error}); choose another place.") from error
            counts[kind] += 1
    return counts


def joined(one: Samples, other: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """The beginning of one word and the end of another, as loud, anywhere in a clip as long as the first."""
    (first, last), (begin, end) = extent(one, rate), extent(other, rate)
    share, rest = rng.uniform(*CUT, size=2)
    margin, fade = round(MARGIN_S * rate), round(FADE_S * rate)
    head = one[max(0, first - margin) : first + round(share * (last - first)) + fade]
    tail = other[begin + round(rest * (end - begin)) : end + margin]
    tail = tail * (loudness(one[first:last]) / loudness(other[begin:end]))
    fade = min(fade, len(head), len(tail))
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    both = head[len(head) - fade :] * (1 - ramp) + tail[:fade] * ramp
    piece = np.concatenate([head[: len(head) - fade], both, tail[fade:]])[: len(one)]
    found = np.zeros(len(one), dtype=np.float32)
    start = int(rng.integers(len(one) - len(piece) + 1))
    found[start : start + len(piece)] = piece
    return np.clip(found, -1, 1)


def extent(samples: Samples, rate: int) -> tuple[int, int]:
    """First and last sample of what is loud."""
    window = max(1, round(0.025 * rate))
    power = np.convolve(samples**2, np.full(window, 1 / window, dtype=np.float32), "same")
    loud = np.flatnonzero(power > QUIET * power.max())
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, len(samples))


def loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2) + 1e-12))
