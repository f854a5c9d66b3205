"""One recording: a mono 16-bit PCM WAV, not empty and at most one second long.

Other encodings are refused rather than converted, so that figures rest on the samples that the file holds.
"""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

CLIP_BYTES = 1 << 20
RATES = (1_000, 192_000)


def read_start(path: Path, limit: int) -> bytes:
    """A file's content; of a larger one than `limit` no more than shows that it is."""
    with open(path, "rb") as file:
        return file.read(limit + 1)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def decode(content: bytes) -> tuple[npt.NDArray[np.int16], int]:
    """Samples, shape (n,), and their rate in Hz.

    Raises:
        ValueError: it is no clip; the text says why and what to do.
    """
    import soundfile

    if len(content) > CLIP_BYTES:
        raise ValueError(f"is larger than {CLIP_BYTES} bytes, expected at most one second; cut it")
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError("is not WAV" if content else "is an empty file, expected a WAV; record it again or remove it")
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            check_format(file, promised_bytes(content))
            return file.read(dtype="int16"), file.samplerate
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"cannot be decoded ({reason_of(error)}); record it again or remove it") from error


def check_format(file: Any, promised: int | None) -> None:
    if file.format not in ("WAV", "WAVEX") or file.subtype != "PCM_16":
        raise ValueError(f"is {file.format} {file.subtype}, expected 16-bit PCM WAV; convert it")
    if file.channels != 1:
        raise ValueError(f"has {file.channels} channels, expected one; mix it down to mono")
    if not RATES[0] <= file.samplerate <= RATES[1]:
        raise ValueError(f"has {file.samplerate} Hz, expected {RATES[0]} to {RATES[1]} Hz; resample it")
    if promised != 2 * file.frames:
        text = f"holds {2 * file.frames} bytes of sound where its header promises {promised}"
        raise ValueError(f"{text}; it is truncated or damaged, record it again or remove it")
    if not file.frames:
        raise ValueError("holds no samples, expected up to one second; record it again or remove it")
    if file.frames > file.samplerate:
        raise ValueError(f"lasts {file.frames / file.samplerate:.2f} s, expected at most 1 s; cut it")


def promised_bytes(content: bytes) -> int | None:
    """The size that a WAV's data chunk claims; decoders pass over a claim that the file cannot keep."""
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        if name == b"data":
            return int(size)
        at += 8 + size + size % 2
    return None


def reason_of(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error})"
    return " ".join(str(error).split())
