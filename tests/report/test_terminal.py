"""What is printed fits the terminal that it is printed on."""

import pytest
from rich.cells import cell_len
from support.spaces import MINI

from kwssearch.analysis import answers
from kwssearch.report import (
    answer_lines,
    front_rows,
    nearest_misses,
    show_space,
    show_trial,
    show_trials,
    trial_details,
    trial_rows,
)
from kwssearch.report.layout import Column, fitting, table_lines, wrapped
from kwssearch.space import Limits
from kwssearch.testing import recorded

FULL = recorded.build("full", clips=100, speakers=50)


def lines_of(capsys):
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_tables_fit(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    show_trials(trial_rows(FULL))
    show_trials(front_rows(FULL), front=True)
    show_trial(trial_details(FULL, "5"))
    shown = lines_of(capsys)
    assert max(map(cell_len, shown)) <= width
    assert sum(line.startswith("05 ") for line in shown) >= 1
    assert any("strategy" in line for line in shown) is (width >= 120)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_answers_fit_and_break_between_words(width):
    whole, narrow = (answer_lines(answers(FULL), room, details=True) for room in (None, width))
    assert max(map(cell_len, narrow)) <= width
    sentence = whole[3].strip()
    assert sentence in " ".join(line.strip() for line in narrow)


@pytest.mark.parametrize("space", ["quickstart", "lab4", "full"])
@pytest.mark.parametrize("options", [{}, {"executions": 3}, {"rounds": None}], ids=["plain", "seeds", "provisional"])
def test_each_question_is_answered_in_two_lines(space, options):
    lines = answer_lines(answers(recorded.build(space, clips=300, speakers=100, **options)), 80)
    assert max(map(cell_len, lines)) <= 80
    starts = [number for number, line in enumerate(lines) if line[:1].isdigit()]
    assert [lines[start][:2] for start in starts] == ["1.", "2.", "3.", "4."]
    for start in starts:
        answer = lines[start + 1 :]
        assert 1 <= answer.index("") <= 2, answer[:4]
    assert len(lines) <= 35


def test_a_row_is_a_line_in_a_pipe(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    show_trials(trial_rows(FULL))
    shown = lines_of(capsys)
    assert sum(line[:2].isdigit() for line in shown) == len(FULL.trials)
    assert "mfcc ds_cnn α 0.25 sparsity 0.95" in shown[-1]
    assert not any("\x1b" in line for line in shown)


def test_wide_has_every_axis_in_a_column(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    show_trials(front_rows(FULL), front=True, wide=True)
    head = " ".join(lines_of(capsys)[:2])
    assert all(
        word in head for word in ("strategy", "features", "architecture", "α", "sparsity", "flash", "% of worlds")
    )


def test_flash_stands_beside_memory_once(capsys):
    for names in (["accuracy", "memory_bytes", "latency_ms"], ["accuracy", "tflite_bytes"]):
        run = recorded.build({**MINI, "objectives": names}, clips=20, speakers=20)
        show_trials(trial_rows(run), objectives=run.objectives)
        assert " ".join(lines_of(capsys)[:2]).count("flash") == 1


def test_a_space_fits(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    planned = {"input_shape": (49, 40, 1), "parameters": 1_000_000, "macs": 10_000_000}
    show_space([{**t.row, **planned} for t in FULL.space.trials])
    assert max(map(cell_len, lines_of(capsys))) <= 80


def test_columns_without_content_and_of_high_rank_go():
    columns = [
        Column("a", ["12345"]),
        Column("b", [""]),
        Column("c", ["12345"], rank=1),
        Column("d", ["12345"], rank=2),
    ]
    assert [c.heading for c in fitting(columns, None)] == ["a", "c", "d"]
    assert [c.heading for c in fitting(columns, 12)] == ["a", "c"]
    assert [c.heading for c in fitting(columns, 5)] == ["a"]
    assert fitting([Column("a", ["12345"], short=["1"])], 4)[0].cells == ["1"]


def test_a_cell_is_broken_between_words():
    assert table_lines([Column("a", ["one two three four five"], wraps=True), Column("n", ["1"])], 20)[2:] == [
        "one two three      1", "four five",
    ]  # fmt: skip
    assert wrapped("one two three", 20, indent=3) == ["   one two three"]
    assert all(len(line) <= 20 for line in wrapped("word " * 30, 20, indent=3))


def test_what_nothing_fits_shows_the_nearest():
    run = recorded.build("lab4")
    limits = Limits(min_accuracy=0.85, max_memory=50_000)
    first, *others = nearest_misses(run, limits)
    assert len(others) == 2
    assert first.startswith("Trial ")
    assert "asked for at most 50.0 kB" in first
    assert nearest_misses(run, Limits(max_memory=1e9)) == []
