import csv
import io
import itertools
import re

import numpy as np
import pytest
from support.spaces import MINI

from kwssearch.errors import UserError
from kwssearch.report import drawing, plots, scales
from kwssearch.report.labels import free_place
from kwssearch.report.markdown import escape, slug, to_csv
from kwssearch.report.page import Page, write_report
from kwssearch.report.rows import columns, trial_rows
from kwssearch.space import objectives_named
from kwssearch.testing import recorded as synthetic_run

HOSTILE = [
    "<script>alert(1)</script>",
    "../../outside",
    "a|b`c*d_e",
    "$x^{",
    "=1+1",
    "_two lines [0m 日本語",
]
SMALL = {**MINI, "strategy": MINI["strategy"][1:2]}


def test_report_of_a_search(tmp_path):
    run = synthetic_run.write(tmp_path / "run", space="lab4", failed={"05": "out of memory"}, waiting=("06",))
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*.json")}
    page = write_report(run)
    assert page == tmp_path / "run" / "report" / "report.md"
    text = page.read_text()
    for strategy in ("DS-CNN", "width multiplier", "pruning"):
        assert f"\n## Strategy: {strategy}\n" in text
    for expected in ("speech8", "2.21.0", "train 4,160", "Hypervolume: ", "reference point (1, 1, 1)", "out of memory"):
        assert expected in text
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert heads[:3] == ["Answers", "The front", "All strategies compared"]
    assert heads[-3:] == ["All trials", "Not in the comparison", "How it was made"]
    assert sum(line.startswith("| 04 | width multiplier | log\\_mel cnn α 0.25 | ") for line in text.splitlines()) == 1
    linked = set(re.findall(r"\]\(([^)]+)\)", text))
    assert linked == {path.name for path in page.parent.iterdir()} - {"report.md", "report.html"}
    assert {path.suffix for path in page.parent.iterdir()} == {".html", ".md", ".csv", ".png", ".svg"}
    assert before == {path: path.read_bytes() for path in before}
    rows = list(csv.DictReader((page.parent / "results.csv").open(newline="")))
    assert [row["trial_id"] for row in rows] == [trial.trial_id for trial in run.trials]


def test_the_same_run_gives_the_same_files(tmp_path):
    run = synthetic_run.build(SMALL)
    first, second = (write_report(run, tmp_path / name).parent for name in ("one", "two"))
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_hostile_names_stay_text_and_inside_the_folder(tmp_path):
    widths = np.linspace(0.2, 0.9, len(HOSTILE)).round(3).tolist()
    strategies = [{"name": n, "width_multiplier": [w]} for n, w in zip(HOSTILE, widths, strict=True)]
    features = {"<i>x</i>|`": {"kind": "log_mel"}, "_m $": {"kind": "mfcc", "coefficients": 10}}
    run = synthetic_run.build({**MINI, "strategy": strategies, "features": features, "description": "<b>| x"})
    page = write_report(run, tmp_path / "in" / "report")
    text = page.read_text()
    assert "<" not in text
    assert "\x1b" not in text
    tables = [lines.splitlines() for lines in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]
    assert len(tables) >= 6
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent != page.parent]
    assert outside == []
    assert all(re.fullmatch(r"[a-z0-9_.-]+", path.name) for path in page.parent.iterdir())
    assert len(list(page.parent.glob("strategy-*.png"))) == len(HOSTILE)
    assert b"<script>" not in b"".join(path.read_bytes() for path in page.parent.glob("*.svg"))


@pytest.mark.parametrize(
    "options",
    [
        {"waiting": tuple("12345")},
        {"waiting": ("0", "1")},
        {"rounds": None, "executions": 2},
        {"failed": dict.fromkeys("2345", "out of memory")},
    ],
    ids=["one trial", "no baseline", "provisional", "a strategy that failed"],
)
def test_partial_runs_are_reported(tmp_path, options):
    run = synthetic_run.build(SMALL, clips=80, speakers=40, **options)
    assert "## Answers" in write_report(run, tmp_path).read_text()


def test_a_sparse_record_is_reported(tmp_path):
    run = synthetic_run.build(SMALL, clips=80, speakers=40)
    for key in ("created", "data", "versions", "environment"):
        run.record.pop(key)
    assert "## How it was made" in write_report(run, tmp_path).read_text()


def test_nothing_completed_is_one_sentence(tmp_path):
    run = synthetic_run.build("lab4", waiting=tuple(f"{i:02d}" for i in range(22)))
    with pytest.raises(UserError, match="no trial is completed, expected at least one"):
        write_report(run, tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_a_report_of_eighty_trials_has_them_all(tmp_path):
    run = synthetic_run.build("full")
    write_report(run, tmp_path)
    with open(tmp_path / "results.csv", newline="") as file:
        assert [row["trial_id"] for row in csv.DictReader(file)] == [trial.trial_id for trial in run.trials]


def test_scatter_holds_what_is_drawn():
    rows = trial_rows(synthetic_run.build("lab4", waiting=("03",)))
    drawn = plots.scatter(rows, plots.planes(objectives_named())["accuracy_memory"])
    assert len(drawn.rows) == 21
    line = drawn.points[list(drawn.front)]
    assert np.all(np.diff(line[:, 0]) > 0)
    assert np.all(np.diff(line[:, 1]) > 0)
    assert drawn.points[0] == pytest.approx([rows[0]["memory_bytes"] / 1000, 100 * rows[0]["accuracy"]])
    assert np.all(drawn.errors[:, 0] < drawn.errors[:, 1])
    corners = plots.staircase(drawn)
    assert all((a == b).any() for a, b in itertools.pairwise(corners))


def test_labels_take_the_nearest_free_place_or_none():
    frame = (0.0, 0.0, 200.0, 100.0)
    spot, size = np.array([100.0, 50.0]), (20.0, 10.0)
    assert free_place(spot, size, [], frame, 1.0) == (111.0, 45.0)
    taken = [(105.0, 40.0, 140.0, 60.0)]
    x, y = free_place(spot, size, taken, frame, 1.0)
    assert x + size[0] < 105 or y > 60 or y + size[1] < 40
    assert free_place(spot, size, [frame], frame, 1.0) is None
    wall = [(120.0, 0.0, 121.0, 100.0)]
    x, _ = free_place(spot, (70.0, 10.0), wall, frame, 1.0, wall)
    assert x + 70 < 120


@pytest.mark.parametrize("name", ["full", "lab4"])
def test_every_model_of_the_front_is_named_and_nothing_is_covered(name):
    """In the plane that is fullest; texts overlap neither each other nor a marker."""
    run = synthetic_run.build(name)
    rows = trial_rows(run)
    drawn = plots.scatter(rows, plots.planes(objectives_named())["accuracy_memory"])
    looks = plots.strategy_looks([strategy.name for strategy in run.space.strategies])
    fills = plots.feature_fills(list(run.space.features))
    with drawing.styled():
        figure, (axes,) = drawing.canvas(8, 5.6)
        plots.draw_points(axes, drawn, looks, fills)
        drawing.settle(figure)
        plots.label_front(axes, drawn)
    texts = [text.get_window_extent() for text in axes.texts]
    assert len(texts) >= sum(drawn.overall)
    spots = axes.transData.transform(drawn.points)
    for i, box in enumerate(texts):
        assert not any(box.overlaps(other) for other in texts[:i])
        assert not any(box.x0 < x < box.x1 and box.y0 < y < box.y1 for x, y in spots)


def test_strategies_differ_in_shape_and_the_legend_names_what_is_drawn():
    looks = plots.strategy_looks(["baseline", "a", "b", "c"])
    assert len({look.marker for look in looks.values()}) == 4
    run = synthetic_run.build(SMALL, clips=80, speakers=40, waiting=tuple("12345"))
    drawn = plots.scatter(trial_rows(run), plots.planes(objectives_named())["memory_latency"])
    with drawing.styled():
        _, (axes,) = drawing.canvas(8, 5.6)
        plots.add_legend(axes, [drawn], looks, plots.feature_fills(["log_mel"]))
        named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert named == ["baseline", "front of all objectives,\nnoise left out"]


@pytest.mark.parametrize("low, high, ticks", [
    (0.6682, 0.6688, 3), (7, 1100, 4), (0.15, 3, 3), (1, 1, 1), (30, 1000, 3), (0.01, 90, 3),
])  # fmt: skip
def test_cost_scales_have_plain_ticks_and_do_not_blow_up_noise(low, high, ticks):
    with drawing.styled():
        _, (axes,) = drawing.canvas(4, 3)
        scales.set_cost_scale(axes, "x", np.array([low, high]))
    start, end = axes.get_xlim()
    assert start < low <= high < end
    assert end / start > 1.2
    found = [tick for tick in axes.get_xticks() if start <= tick <= end]
    assert len(found) >= ticks
    assert axes.get_xscale() == "log"


def test_the_best_accuracies_get_more_room_and_one_hundred_has_a_place():
    assert scales.stretched(94) - scales.stretched(90) > scales.stretched(60) - scales.stretched(50)
    assert scales.accuracy_at(scales.stretched(np.array([50.0, 99.9, 100.0]))) == pytest.approx([50, 99.9, 100])
    with drawing.styled():
        _, (axes,) = drawing.canvas(4, 3)
        scales.set_accuracy_scale(axes, "y", np.array([50.0, 100.0]))
        assert axes.get_ylim()[0] < 50
        assert axes.get_ylim()[1] >= 100


@pytest.mark.parametrize("text, escaped", [
    ("plain", "plain"),
    ("a|b", r"a\|b"),
    ("<b>&", "&lt;b&gt;&amp;"),
    ("`x` *y* _z_", r"\`x\` \*y\* \_z\_"),
    ("[a](b)", r"\[a\](b)"),
    ("two\nlines\t\x1b", "two lines"),
    (0.5, "0.5"),
])  # fmt: skip
def test_escape(text, escaped):
    assert escape(text) == escaped


@pytest.mark.parametrize("text, name", [("DS-CNN", "ds-cnn"), ("../../x", "x"), ("日本", ""), ("a b/c", "a-b-c")])
def test_slug(text, name):
    assert slug(text) == name


def test_csv_reads_back_and_runs_nothing():
    row = {
        **dict.fromkeys(columns()),
        "strategy": "=1+1",
        "reason": 'a "b",\nc',
        "tied_with": ["1", "2"],
        "accuracy": -0.5,
    }
    read = next(csv.DictReader(io.StringIO(to_csv([row], columns()), newline="")))
    assert (read["strategy"], read["tied_with"], read["accuracy"]) == ("'=1+1", "1 2", "-0.5")
    assert read["reason"] == row["reason"]


def test_nothing_is_said_twice_for_any_features():
    """MFCC's baseline is the better one here, so that its best is the best with any features."""

    def figures(values):
        known = synthetic_run.lab_figures(values)
        better = "mfcc" in values["features"]
        return known._replace(accuracy=known.accuracy + 0.06 * better, memory_bytes=known.memory_bytes - better)

    run = synthetic_run.build("lab4", figures=figures)
    text = "\n".join(Page(run).answer_lines())
    budgets = text.split("### By accuracy budget")[1].split("What each")[0]
    assert "Any features" not in budgets
    assert "Any features, at most 1 point lost: the same as for mfcc." in text


def test_the_words_of_the_front_are_in_the_page():
    text = "\n".join(Page(synthetic_run.build(SMALL, clips=80, speakers=40)).trial_lines())
    assert re.search(r"\| yes \| 10 \| \d+ / \d+", text)
    assert "| balanced accuracy |" in text
