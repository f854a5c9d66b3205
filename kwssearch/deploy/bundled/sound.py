"""Sound from a file or a microphone, as 16-bit samples of one channel."""

from __future__ import annotations

import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
BLOCK = 1 << 16  # samples of each channel that are read at once
RATES = (1_000, 768_000)  # Hz


class SoundError(Exception):
    """Sound that cannot be had, in one sentence: what was received, what was expected, what to do."""


@contextmanager
def opened(path: Path) -> Iterator[wave.Wave_read]:
    """A WAV of 16-bit PCM.

    Raises:
        SoundError: it is none, or cannot be read.
    """
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                bits = 8 * file.getsampwidth()
                raise SoundError(f"{path}: has samples of {bits} bits, expected 16-bit PCM; convert it.")
            yield file
    except (OSError, EOFError, wave.Error) as error:
        raise SoundError(f"{path}: cannot be read as a WAV ({error}); expected 16-bit PCM, convert it.") from error


def wav_rate(path: Path) -> int:
    """Samples a second of a WAV.

    Raises:
        SoundError: as `opened`.
    """
    with opened(path) as file:
        return file.getframerate()


def wav_blocks(path: Path) -> Iterator[Samples]:
    """A WAV in pieces, each of shape (n,), the mean of all channels, so that a long one needs no more room.

    Raises:
        SoundError: as `opened`.
    """
    with opened(path) as file:
        channels = file.getnchannels()
        while content := file.readframes(BLOCK):
            whole = content[: len(content) // (2 * channels) * 2 * channels]
            yield mono(np.frombuffer(whole, "<i2").reshape(-1, channels))


def mono(samples: npt.NDArray[np.int16]) -> Samples:
    """The mean of all channels, shape (n,), of samples, shape (n, channels)."""
    if samples.shape[1] == 1:
        return samples[:, 0].astype(np.int16)
    mean: Samples = np.rint(samples.mean(axis=1)).astype(np.int16)
    return mean


def recorder() -> Any:
    """The package that reads microphones.

    Raises:
        SoundError: it, or the system's library that it needs, is not installed.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise SoundError(
            "The microphone needs the package sounddevice, which is not installed; "
            "install it: python -m pip install sounddevice"
        ) from error
    except OSError as error:
        raise SoundError(
            f"The microphone needs the system's PortAudio ({error}); install it, on Debian: apt install libportaudio2"
        ) from error
    return sounddevice


def microphone_rate(wanted: int) -> int:
    """The rate at which the default microphone can record: the wanted one where it can, else its own.

    Raises:
        SoundError: there is no microphone, or what reads it is not installed.
    """
    package = recorder()
    try:
        package.check_input_settings(samplerate=wanted, channels=1, dtype="int16")
        return wanted
    except package.PortAudioError:
        pass
    try:
        return int(package.query_devices(kind="input")["default_samplerate"])
    except (package.PortAudioError, ValueError) as error:
        raise SoundError(f"No microphone can be found ({error}); connect one.") from error


def microphone(rate: int, length: int) -> Iterator[Samples]:
    """Blocks of so many samples from the system's default microphone, until the process is stopped.

    Says on standard error when it begins to listen.

    Raises:
        SoundError: it stops recording, or what reads it is not installed.
    """
    package = recorder()
    try:
        with package.InputStream(samplerate=rate, channels=1, dtype="int16", blocksize=length) as stream:
            print("Listening; Ctrl-C ends it.", file=sys.stderr)
            while True:
                yield stream.read(length)[0][:, 0]
    except package.PortAudioError as error:
        raise SoundError(
            f"No sound can be recorded at {rate} Hz ({error}); connect a microphone, or free the one there is."
        ) from error
