"""Small data sets for tests: folders of words that a model can learn in seconds, and WAVs of every kind."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def write_word_folder(
    root: Path,
    words: Sequence[str] = ("no", "yes"),
    clips: int = 40,
    rate: int = 16_000,
    seed: int = 0,
    lists: bool = True,
) -> Path:
    """A folder of one-second WAVs, two per speaker: each word is its own pair of tones in noise.

    With `lists`, one of every ten speakers is for validation and two are for the test.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(rate) / rate
    listed: dict[str, list[str]] = {"validation_list.txt": [], "testing_list.txt": []}
    root.mkdir(parents=True, exist_ok=True)
    for place, word in enumerate(words):
        (root / word).mkdir()
        for clip in range(clips):
            speaker, take = divmod(clip, 2)
            first, second = (
                (300 + 220 * place) * rng.uniform(0.97, 1.03),
                (1400 + 310 * place) * rng.uniform(0.97, 1.03),
            )
            tones = np.sin(2 * np.pi * np.where(time < 0.5, first, second) * time)
            audio = rng.uniform(0.05, 0.5) * tones + 0.05 * rng.standard_normal(rate)
            name = f"speaker{speaker:03d}_nohash_{take}.wav"
            (root / word / name).write_bytes(wav(audio, rate))
            of_ten = speaker % 10 if clips >= 20 else 9 - speaker % 3
            if of_ten >= 7:
                listed["validation_list.txt" if of_ten == 7 else "testing_list.txt"].append(f"{word}/{name}\n")
    if lists:
        for name, lines in listed.items():
            (root / name).write_text("".join(lines))
    return root


def wav(audio: np.ndarray, rate: int = 16_000) -> bytes:
    """A mono 16-bit PCM WAV of samples in [-1, 1]."""
    return pack(np.round(np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes(), rate)


def pack(
    body: bytes, rate: int = 16_000, channels: int = 1, bits: int = 16, tag: int = 1, promised: int | None = None
) -> bytes:
    """A WAV with any header; `promised` is the size that its data chunk claims."""
    size = len(body) if promised is None else promised
    frame = channels * bits // 8
    header = struct.pack("<HHIIHH", tag, channels, rate, (rate * frame) % 2**32, frame % 2**16, bits)
    riff = b"WAVEfmt " + struct.pack("<I", 16) + header + b"data" + struct.pack("<I", size) + body
    return b"RIFF" + struct.pack("<I", (4 + 24 + 8 + size) % 2**32) + riff
