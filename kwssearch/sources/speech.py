"""Running speech: sentences spoken by espeak-ng, without certain words, in timbres that a split has for itself.

They are made of patterns and words of our own. A sentence belongs to one split by its hash.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kwssearch.errors import UserError
from kwssearch.sources.builtin import ACCENTS, RATE, followed, resample, timbres_of, trim
from kwssearch.system.steps import steps

SPLITS = ("validation", "test")
SAMPLES, INDEX = "speech.pcm", "speech.json"
SPOKEN_ALIKE = {
    "no": ("know", "knows"), "right": ("write", "writes", "rite"), "one": ("won",), "two": ("to", "too"),
    "four": ("for", "fore"), "eight": ("ate",), "on": ("an",), "red": ("read",), "sheila": ("she",), "off": ("of",),
}  # fmt: skip
PATTERNS = (
    "{who} {did} the {kind} {thing} {where} {when}.",
    "{when} {who} {did} a {kind} {thing}.",
    "The {kind} {thing} {where} {was} {kind2}, but {who} {did} it.",
    "Has {who} ever seen such a {kind} {thing} {where}?",
    "{who} and {who2} {did} {count} {thing}s {when}.",
    "Please tell {who} that the {thing} {was} {kind} {when}.",
)
WORDS = {
    "who": "my brother|our teacher|the old farmer|her sister|a young doctor|his neighbour|the captain|a sailor|"
    "their uncle|the baker|a tall man|the students|many people|our friends|the manager|a little girl",
    "did": "carried|painted|found|borrowed|repaired|sold|cleaned|described|forgot|lifted|opened|measured|counted|"
    "ordered|answered|collected|delivered|planted|watched|remembered",
    "kind": "heavy|yellow|quiet|broken|beautiful|expensive|narrow|wooden|familiar|empty|silver|strange|enormous|"
    "careful|warm|ancient|modern|curious|bright|simple",
    "thing": "basket|garden|picture|letter|machine|bicycle|table|window|engine|blanket|camera|bottle|ladder|"
    "computer|kitchen|hammer|mountain|river|village|station|newspaper|question",
    "where": "in the market|near the harbour|behind the library|beside the railway|under the bridge|"
    "in the summer house|at the museum|inside the old factory|across the valley|by the hospital",
    "when": "last winter|every morning|in the afternoon|after breakfast|before sunrise|during the holidays|"
    "in September|this evening|early in spring|at midnight|once a week",
    "was": "became|seemed|looked|remained|was",
    "count": "several|twenty|a dozen|hundreds of|about thirty|many",
}
RATES, PITCHES, RANGES = (120, 220), (20, 80), (20, 80)


@dataclass(frozen=True)
class Spoken:
    """Sentences in a folder, read from disk when they are asked for.

    Attributes:
        rows: text, voice, first sample and number of samples of each.
    """

    folder: Path
    rows: Sequence[tuple[str, str, int, int]]

    def samples(self, index: int) -> npt.NDArray[np.int16]:
        """One sentence, shape (n,), at 16 kHz, without silence around it."""
        _, _, start, count = self.rows[index]
        return np.fromfile(self.folder / SAMPLES, "<i2", count, offset=2 * start).astype(np.int16)


def speech(folder: Path, split: str, seconds: float, without: Sequence[str]) -> Spoken:
    """Speaks so many seconds into an empty folder; the same words and seconds sound the same on one machine.

    A process of its own speaks: espeak-ng is deterministic only in one that has not spoken before.

    Args:
        split: 'validation' or 'test'.
        without: words that no sentence holds.

    Raises:
        UserError: espeakng-loader is not installed, it cannot speak, or no sentence is left without these words.
    """
    next(sentences(split, without, np.random.default_rng(0)))
    remedy = "name a folder of long recordings without keywords instead (negatives)"
    if importlib.util.find_spec("espeakng_loader") is None:
        raise UserError(
            "stream: running speech needs the package espeakng-loader, which is not installed; "
            f"run pip install espeakng-loader, or {remedy}."
        )
    command = [sys.executable, "-m", "kwssearch.sources.speech", str(folder), split, f"{seconds:.3f}", *without]
    with steps(f"Speaking sentences for the {split} stream") as show:
        code, said = followed(command, show)
    if code:
        last = (said.strip().splitlines() or [f"its process ended with {code}"])[-1]
        raise UserError(
            f"stream: espeak-ng could not speak ({last}); "
            f"run pip install --force-reinstall espeakng-loader, or {remedy}."
        )
    return Spoken(folder, [tuple(row) for row in json.loads((folder / INDEX).read_text())])


def sentences(split: str, without: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    """Sentences of a split in drawn order, without end.

    Raises:
        UserError: the words leave no pattern or none of some kind of words.
    """
    patterns = [pattern for pattern in PATTERNS if is_free(pattern, without)]
    words = {kind: [word for word in listed.split("|") if is_free(word, without)] for kind, listed in WORDS.items()}
    if not patterns or not all(words.values()):
        raise UserError(
            f"stream: no sentence can do without {', '.join(without)}; name a folder of long recordings without "
            "keywords instead (negatives)."
        )
    while True:
        drawn = {kind: words[kind.rstrip("2")][int(rng.integers(2**31)) % len(words[kind.rstrip("2")])]
                 for kind in (*WORDS, "who2", "kind2")}  # fmt: skip
        text = patterns[int(rng.integers(len(patterns)))].format(**drawn)
        text = text[0].upper() + text[1:]
        if SPLITS[hashlib.sha256(text.encode()).digest()[0] % len(SPLITS)] == split:
            yield text


def is_free(text: str, without: Sequence[str]) -> bool:
    """Whether no word of a text begins like one of these, as 'yesterday' does, or sounds like it."""
    said = [word.strip(".,?").casefold() for word in text.split() if not word.startswith("{")]
    for word in map(str.casefold, without):
        if any(each.startswith(word) or each in SPOKEN_ALIKE.get(word, ()) for each in said):
            return False
    return True


def main(place: str, split: str, seconds: str, *without: str) -> None:
    """What `speech` starts: writes samples and index, and on standard output how far it is."""
    from kwssearch.sources.espeak import Speaker, Utterance

    seed = SPLITS.index(split)
    rng, speaker, timbres = np.random.default_rng(seed), Speaker(seed), timbres_of(split)
    rows: list[tuple[str, str, int, int]] = []
    at, wanted = 0, round(float(seconds) * RATE)
    with open(Path(place, SAMPLES), "wb") as file:
        for text in sentences(split, without, rng):
            voice = f"{ACCENTS[int(rng.integers(len(ACCENTS)))]}+{timbres[int(rng.integers(len(timbres)))]}"
            figures = (int(rng.integers(*ends)) for ends in (RATES, PITCHES, RANGES))
            heard = trim(resample(speaker.say(Utterance(text, voice, *figures)), speaker.sampling_rate))
            samples = np.round(np.clip(heard, -1, 1) * 32767).astype("<i2")
            file.write(samples.tobytes())
            rows.append((text, voice, at, len(samples)))
            at += len(samples)
            print(min(at, wanted), wanted, flush=True)
            if at >= wanted:
                break
    Path(place, INDEX).write_text(json.dumps(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
