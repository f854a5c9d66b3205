"""Text files as any system writes them: UTF-8 with or without a mark, lines that end in LF, CRLF or CR."""

from __future__ import annotations

import codecs
from pathlib import Path

MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def read_text(path: Path, limit: int = 1 << 26) -> str:
    """A text file's content, without a mark, its lines ended by LF.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large or not UTF-8; the text says what it is and what to do.
    """
    with open(path, "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"is larger than {limit} bytes, expected a text file")
    return decode_text(content)


def decode_text(content: bytes) -> str:
    """Text of bytes, without a mark, its lines ended by LF.

    Raises:
        ValueError: it is not UTF-8; the text says what it is and what to do.
    """
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), None) or unmarked(content)
    if encoding:
        raise ValueError(f"is {encoding} text, expected UTF-8; save it again as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x} in line {line}"
        raise ValueError(f"is not UTF-8 text ({found}), expected UTF-8; save it again as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def unmarked(content: bytes) -> str | None:
    """UTF-16 without a mark: nearly every second byte is zero."""
    even, odd = content[:1000:2].count(0), content[1:1000:2].count(0)
    return "UTF-16" if len(content) > 3 and abs(even - odd) > 0.4 * min(len(content), 1000) else None
