"""Text as editors of several systems save it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwssearch.system.text import decode_text, read_text

TEXT = 'words = ["größe"]\nepochs = 1\n'


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_the_same_text_whatever_ends_its_lines(tmp_path: Path, mark: str, end: str) -> None:
    path = tmp_path / "text"
    path.write_bytes((mark + TEXT.replace("\n", end)).encode())
    assert read_text(path) == TEXT


@pytest.mark.parametrize(
    "encoding, told",
    [
        ("utf-16", "is UTF-16 text, expected UTF-8; save it again as UTF-8"),
        ("utf-16-le", "is UTF-16 text"),
        ("utf-16-be", "is UTF-16 text"),
        ("utf-32", "is UTF-32 text"),
        ("cp1252", "is not UTF-8 text (byte 0xf6 in line 1), expected UTF-8; save it again as UTF-8"),
    ],
)
def test_other_encodings_are_named_with_what_to_do(encoding: str, told: str) -> None:
    with pytest.raises(ValueError) as caught:
        decode_text(TEXT.encode(encoding))
    assert told in str(caught.value)


def test_a_file_without_end_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(bytes(100))
    with pytest.raises(ValueError, match="is larger than 50 bytes"):
        read_text(tmp_path / "text", limit=50)


@pytest.mark.parametrize("content", [b"", b"a", b"\0", b"ab\0", b"x\ty"])
def test_short_texts_are_taken_as_they_are(content: bytes) -> None:
    assert decode_text(content) == content.decode()
