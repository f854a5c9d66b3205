"""One recording of any format: its samples at another rate, cut to the window, as a clip's file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.data.wav import Samples, parse, reason_of

LONGEST_S = 1800
SHORTEST_SLICE = 0.5
Audio = npt.NDArray[np.float32]


def converted(path: Path, rate: int) -> tuple[Audio, list[str]]:
    """Samples of a recording in [-1, 1], shape (n,), at the rate, and what was done for it.

    Raises:
        OSError, ValueError, RuntimeError: it cannot be read.
    """
    audio, found, kind = read(path)
    actions = [] if kind == "WAV PCM_16" else [f"converted from {kind}"]
    if audio.shape[1] > 1:
        actions.append("mixed down to mono")
    mono = audio.mean(axis=1, dtype=np.float32)
    if found != rate:
        from scipy.signal import resample_poly

        factor = gcd(found, rate)
        mono = resample_poly(mono, rate // factor, found // factor).astype(np.float32)
        actions.append(f"resampled to {rate} Hz")
    if not len(mono):
        raise ValueError("holds no samples")
    return mono, actions


def read(path: Path) -> tuple[Audio, int, str]:
    """Samples, shape (n, channels), rate, and format as libsndfile calls it."""
    import soundfile

    content: Any = path
    if path.suffix.lower() in (".wav", ".wave") and path.stat().st_size < 1 << 28:
        content = io.BytesIO(tidied(path.read_bytes()))
    with soundfile.SoundFile(content) as file:
        if file.frames > LONGEST_S * file.samplerate:
            raise ValueError(f"is longer than {LONGEST_S // 60} minutes; cut it first")
        name = {"WAVEX": "WAV"}.get(file.format, file.format)
        return file.read(dtype="float32", always_2d=True), file.samplerate, f"{name} {file.subtype}"


def tidied(content: bytes) -> bytes:
    """A WAV without the chunks that libsndfile stumbles on; what is none as it is.

    Raises:
        ValueError: it is truncated.
    """
    try:
        recording = parse(content)
    except ValueError:
        return content
    if recording.promised > len(recording.body):
        raise ValueError("is truncated or damaged; record it again")
    return recording.clean()


def cut(audio: Audio, length: int, tolerance: float, slices: bool) -> Iterator[Audio]:
    """The recording itself where it fits, else its loudest window, or windows one after the other.

    Args:
        length, tolerance: of a window, in samples; what is longer by less than the tolerance fits.
    """
    if len(audio) <= length + tolerance:
        yield audio[:length]
    elif slices:
        for start in range(0, len(audio), length):
            if start == 0 or len(audio) - start >= SHORTEST_SLICE * length:
                yield audio[start : start + length]
    else:
        energy = np.concatenate([[0], np.cumsum(np.square(audio, dtype=np.float64))])
        start = int(np.argmax(energy[length:] - energy[:-length]))
        yield audio[start : start + length]


def wav_bytes(audio: Audio, rate: int) -> bytes:
    import soundfile

    samples: Samples = np.clip(np.round(audio * 32768), -32768, 32767).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def kind_of(error: Exception) -> str:
    """Why a recording was not taken, in words that many share."""
    import soundfile

    if isinstance(error, soundfile.LibsndfileError):
        return f"cannot be read by libsndfile ({error.error_string.strip('. ')}); convert it with another program"
    return reason_of(error)
