"""A space's file: how it was saved, and where it says its data set is."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwssearch.errors import SpaceError
from kwssearch.space import load_space

TOML = """data = "words"
[features.mfcc]
kind = "mfcc"
coefficients = 10
"""


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_space_saved_on_any_system_is_the_same(tmp_path: Path, mark: str, end: str) -> None:
    (tmp_path / "plain.toml").write_text(TOML)
    (tmp_path / "saved.toml").write_bytes((mark + TOML.replace("\n", end)).encode())
    saved = load_space(tmp_path / "saved.toml")
    assert saved.to_dict() | {"name": ""} == load_space(tmp_path / "plain.toml").to_dict() | {"name": ""}


def test_a_space_in_utf_16_says_what_to_save_it_as(tmp_path: Path) -> None:
    (tmp_path / "wide.toml").write_text(TOML, encoding="utf-16")
    with pytest.raises(SpaceError, match=r"wide\.toml: .*is UTF-16 text, expected UTF-8; save it again as UTF-8"):
        load_space(tmp_path / "wide.toml")


@pytest.mark.parametrize(
    "data, seen",
    [("words", "../words"), ("./words/", "../words"), ("../x", "../../x"), ("/a/b", "/a/b"), ("~/w", "HOME/w")]
    + [(name, name) for name in ("msc", "builtin")],
)
def test_a_data_set_is_meant_from_the_spaces_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str, seen: str
) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "mine.toml").write_text(TOML.replace("words", data))
    monkeypatch.chdir(tmp_path / "jobs")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_space("../mine.toml").data == seen.replace("HOME", str(tmp_path))


def test_home_is_expanded_in_the_name_of_a_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text(TOML)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_space("~/mine.toml").data == f"{tmp_path}/words"
