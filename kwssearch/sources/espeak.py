"""Words spoken by espeak-ng, through the library and the voices that espeakng-loader carries."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SYNCHRONOUS = 2
DONT_EXIT = 0x8000
UTF8 = 1
RATE, VOLUME, PITCH, PITCH_RANGE = 1, 2, 3, 4
Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class Utterance:
    """What is to be said and how.

    Attributes:
        voice: an accent and a variant, such as 'en-us+f1'.
        rate: words a minute.
        pitch, pitch_range: 0 to 99.
    """

    word: str
    voice: str
    rate: int
    pitch: int
    pitch_range: int


def variants() -> list[str]:
    """Names of the voices' timbres, sorted."""
    import espeakng_loader

    return sorted(os.listdir(os.path.join(espeakng_loader.get_data_path(), "voices", "!v")))


class Speaker:
    """The library, started once.

    Its breath noise and flutter run on from one utterance to the next: the same utterances in the same
    order sound the same, byte for byte, only in a process that has not spoken before.

    Raises:
        OSError: the library or its voices cannot be loaded.
    """

    def __init__(self, seed: int) -> None:
        import espeakng_loader

        self.library = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = espeakng_loader.get_data_path().encode()
        self.sampling_rate = int(self.library.espeak_Initialize(SYNCHRONOUS, 500, data_path, DONT_EXIT))
        if self.sampling_rate <= 0:
            raise OSError("espeak-ng does not start")
        self.library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
        self.pieces: list[bytes] = []
        self.callback = Callback(self.receive)
        self.library.espeak_SetSynthCallback(self.callback)

    def receive(self, samples: ctypes._Pointer[ctypes.c_short], count: int, events: int | None) -> int:
        if samples and count > 0:
            self.pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    def say(self, utterance: Utterance) -> npt.NDArray[np.int16]:
        """Samples, shape (n,), at `sampling_rate`.

        Raises:
            ValueError: there is no such voice.
        """
        if self.library.espeak_SetVoiceByName(utterance.voice.encode()):
            raise ValueError(f"espeak-ng has no voice {utterance.voice!r}")
        for parameter, value in (
            (RATE, utterance.rate),
            (VOLUME, 100),
            (PITCH, utterance.pitch),
            (PITCH_RANGE, utterance.pitch_range),
        ):
            self.library.espeak_SetParameter(parameter, value, 0)
        self.pieces.clear()
        text = utterance.word.encode() + b"\0"
        self.library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 1, 0, UTF8, None, None)
        self.library.espeak_Synchronize()
        return np.frombuffer(b"".join(self.pieces), dtype=np.int16)
