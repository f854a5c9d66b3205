"""One recording: a mono 16-bit PCM WAV, not empty and no longer than the window.

Other encodings are refused rather than converted, so that figures rest on the samples that the file holds.
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
RATES = (1_000, 192_000)
TOLERANCE_S = 0.01
STREAMED = 0x7F00_0000
PCM, EXTENSIBLE = 1, 0xFFFE
CODECS = {2: "ADPCM", 3: "float", 6: "A-law", 7: "µ-law", 17: "ADPCM", 49: "GSM", 85: "MP3"}
CHUNKS = frozenset(
    name.ljust(4)
    for name in b"data fmt fact LIST bext cue smpl inst id3 ID3 JUNK junk PEAK iXML axml PAD FLLR cart DISP acid strc "
    b"note labl plst ltxt wavl slnt minf elm1 regn umid levl afsp _PMX chna".split()
)
OTHERS = {
    b"RF64": "RF64 (the WAV of files above 4 GB)",
    b"BW64": "BW64 (the WAV of files above 4 GB)",
    b"RIFX": "RIFX (WAV with its bytes the other way round)",
    b"riff": "Wave64",
    b"FORM": "AIFF",
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"caff": "CAF",
    b"ID3\x03": "MP3",
    b"ID3\x04": "MP3",
    b"\x1aE\xdf\xa3": "WebM",
}
CONVERT = "'kwssearch data import' converts it"
AGAIN = "record it again or remove it"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a recording; faults of a kind are told together."""

    kind: str
    text: str


@dataclass(frozen=True)
class Recording:
    """What a WAV's chunks say.

    Attributes:
        codec: the format's number; 1 is PCM.
        bits: of a sample; what is not whole bytes is filled up to them.
        frame: bytes of one sample of all channels.
        promised: the size that the data chunk claims; of a stream, which claims none, what it holds.
        body: what the file holds of it.
        head: the format chunk.
    """

    codec: int
    channels: int
    rate: int
    bits: int
    frame: int
    promised: int
    body: bytes
    head: bytes

    @property
    def seconds(self) -> float:
        """By what its header promises."""
        return self.promised / max(1, self.frame) / max(1, self.rate)

    @property
    def encoding(self) -> str:
        if self.codec == PCM:
            return f"{self.bits}-bit PCM"
        return CODECS.get(self.codec, f"of an encoding that is not known (format {self.codec})")

    def clean(self) -> bytes:
        """The same sound as a WAV of nothing but its format and its samples."""
        size = len(self.body)
        chunks = struct.pack("<4sI", b"fmt ", len(self.head)) + self.head + struct.pack("<4sI", b"data", size)
        return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks) + size, b"WAVE") + chunks + self.body


def clip_bytes(window_s: float = 1.0) -> int:
    """The largest file that can be a clip."""
    return math.ceil(window_s) << 20


def read_start(path: Path, limit: int) -> bytes:
    """A file's content; of a larger one than `limit` no more than shows that it is."""
    with open(path, "rb") as file:
        return file.read(limit + 1)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def decode(content: bytes, window_s: float = 1.0) -> tuple[Samples, int]:
    """Samples, shape (n,), n up to the window, and their rate in Hz.

    Raises:
        ValueError: it is not a clip; the text says why and what to do.
    """
    recording = parse(content)
    faults = faults_of(recording, window_s, whole=len(content) <= clip_bytes(window_s))
    if faults:
        raise ValueError("; ".join(fault.text for fault in faults))
    return samples_of(recording, window_s), recording.rate


def samples_of(recording: Recording, window_s: float) -> Samples:
    frames, most = len(recording.body) // 2, window_s * recording.rate
    frames = round(most) if most < frames else frames
    return np.frombuffer(recording.body, "<i2", frames).astype(np.int16)


def parse(content: bytes) -> Recording:
    """What the chunks hold, read as players do: passing over what they need not know.

    Raises:
        ValueError: no sound can be found in it.
    """
    check_container(content)
    head, at, format_end = b"", 12, 0
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        if name == b"data":
            return describe(head, size, content[at + 8 :])
        if name == b"fmt ":
            head = content[at + 8 : at + 8 + size]
            format_end = at + 8 + size
        at = next_chunk(content, at + 8 + size, odd=size % 2 == 1)
    for found in re.finditer(b"data(?=(....))", content[format_end:], re.DOTALL) if head else ():
        size, rest = int.from_bytes(found.group(1), "little"), content[format_end + found.end() + 4 :]
        if size <= len(rest):  # a chunk before it lied about its size
            return describe(head, size, rest)
    raise ValueError(f"cannot be decoded (it has no data chunk); {AGAIN}")


def check_container(content: bytes) -> None:
    if not content:
        raise ValueError(f"is an empty file, expected a WAV; {AGAIN}")
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return
    name = OTHERS.get(content[:4])
    if content[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"):
        name = "MP3"
    if content[4:8] == b"ftyp":
        name = "MPEG-4 (AAC)"
    if name:
        raise ValueError(f"is {name}, expected RIFF WAV; {CONVERT}")
    raise ValueError(f"is not WAV, expected a recording; {AGAIN}")


def next_chunk(content: bytes, end: int, odd: bool) -> int:
    """Where the next chunk begins: after the padding byte of an odd one, unless its writer forgot it."""
    if not odd:
        return end
    forgotten, padded = content[end : end + 4], content[end + 1 : end + 5]
    return end if forgotten in CHUNKS and padded not in CHUNKS else end + 1


def describe(head: bytes, size: int, rest: bytes) -> Recording:
    if len(head) < 16:
        raise ValueError(f"cannot be decoded (it has no complete format chunk before its data); {AGAIN}")
    codec, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", head)  # recorders err in rate and frame
    if codec == EXTENSIBLE and len(head) >= 26:
        codec = struct.unpack_from("<H", head, 24)[0]
    if codec == PCM:
        frame = channels * ((bits + 7) // 8)
    is_stream = size >= STREAMED or (size == 0 and rest[:4] not in CHUNKS)
    body = rest if is_stream else rest[:size]
    return Recording(codec, channels, rate, bits, frame, len(rest) if is_stream else size, body, head)


def faults_of(recording: Recording, window_s: float, whole: bool) -> list[Fault]:
    """Everything that makes it no clip.

    Args:
        whole: whether the file was read to its end.
    """
    faults = []
    held, promised = len(recording.body), recording.promised
    if recording.codec != PCM or not 8 < recording.bits <= 16:
        faults.append(Fault("encoding", f"is {recording.encoding}, expected 16-bit PCM; {CONVERT}"))
    if recording.channels != 1:
        faults.append(Fault("channels", f"has {recording.channels} channels, expected one; {CONVERT}"))
    if not RATES[0] <= recording.rate <= RATES[1]:
        faults.append(Fault("rate", f"has {recording.rate} Hz, expected {RATES[0]} to {RATES[1]} Hz; {CONVERT}"))
    elif recording.seconds > window_s + TOLERANCE_S:
        length = f"lasts {recording.seconds:.3f} s, expected at most {window_s:g} s"
        faults.append(Fault("length", f"{length}; 'kwssearch data import' cuts it"))
    if whole and promised > held:
        text = f"holds {held} bytes of sound where its header promises {promised}"
        faults.append(Fault("truncated", f"{text}; it is truncated or damaged, {AGAIN}"))
    elif not whole and not faults:
        faults.append(Fault("size", f"is larger than {clip_bytes(window_s)} bytes, expected a clip; {CONVERT}"))
    elif held < max(1, recording.frame):
        faults.append(Fault("empty", f"holds no samples, expected a recording; {AGAIN}"))
    return faults


def reason_of(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error})"
    return " ".join(str(error).split())
