"""The interactive page: one file that carries its figures, styles, scripts and the library that draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import PurePath
from string import Template
from typing import Any

from kwssearch.analysis import HELD_AGAINST, Answers, budget_name, listed
from kwssearch.errors import counted
from kwssearch.report.answer_lines import budget_columns, effect_columns, tabled
from kwssearch.report.markup import (
    Html,
    element,
    embedded,
    escaped,
    grid,
    joined,
    listing,
    picture,
    policy,
    script,
    scrolling,
)
from kwssearch.report.page_data import page_data
from kwssearch.report.page_tables import compared, making_rows, shown_costs
from kwssearch.report.spending import spending, spending_rows, spending_sentence
from kwssearch.report.stream_section import InStream, clock
from kwssearch.report.stream_strip import Error
from kwssearch.report.tables import figure_cell, interval_cell, status_cell
from kwssearch.runs import Run
from kwssearch.space import ACCURACY, percents

Row = Mapping[str, Any]
VENDORED = ("vendor/d3.min.js", "vendor/plot.umd.min.js")
SCRIPTS = (
    "rule.js", "state.js", "worlds.js", "scales.js", "scatter.js", "points.js", "marks.js", "limits.js", "table.js",
    "confusion.js", "trial.js", "main.js",
)  # fmt: skip
LAB_QUESTIONS = 4
READING = (
    "The line joins the trials that no other one beats in the two figures drawn. Rings mark the front of all "
    "objectives, noise left out: no other trial beats these by more than the measurement can tell; bars are their 95 % "
    "intervals. What some other trial beats is pale, what does not keep your limits is grey, and a cross is a trial "
    "that the search skipped, at the accuracy it expects. Drag over a part to enlarge it."
)


def web_page(
    run: Run, rows: Sequence[Row], found: Answers, reload: int | None = None, heard: InStream | None = None
) -> str:
    """The whole file, the same for the same run.

    Args:
        rows: of all trials, as `trial_rows` makes them.
        reload: seconds after which the page loads itself again, while a search goes on.
        heard: how models do in a stream, if they have listened.
    """
    scripts = [asset(name) for name in (*VENDORED, *SCRIPTS)]
    title = compared(run)
    parts = {
        "policy": escaped(policy(scripts, bool(heard and heard.sound))),
        "title": escaped(title),
        "style": asset("page.css"),
        "heading": escaped(title),
        "facts": facts(run, reload),
        "verdict": verdict(run, rows, found),
        "reading": reading(run),
        "answers": answer_section(found),
        "stream": stream_section(heard) if heard else "",
        "table": trial_grid(run, rows),
        "cost": cost_section(run),
        "made": made_section(run, found),
        "footer": "Made by kwssearch; drawn by Observable Plot and D3, whose licences stand in the file.",
        "data": embedded({**page_data(run, rows), "reload": reload}),
        "scripts": "\n".join(map(script, scripts)),
    }
    return Template(asset("page.html")).substitute(parts)


def asset(name: str) -> str:
    return (resources.files("kwssearch") / "report" / "web" / name).read_text(encoding="utf-8")


def facts(run: Run, reload: int | None) -> Html:
    data = run.record.get("data")
    source = data.get("source") if isinstance(data, Mapping) else None
    seeds = sorted({len(trial.executions) for trial in run.completed})
    several = f"{seeds[0]} to {counted(seeds[-1], 'seed')}" if len(seeds) > 1 else counted(seeds[0], "seed")
    told = [
        *([f"data set {PurePath(source).name}"] if source else []),
        counted(len(run.words), "word"),
        counted(len(run.labels), "test clip"),
        f"{len(run.completed)} of {counted(len(run.trials), 'trial')} completed",
        several,
        *(["the search goes on, and this page renews itself"] if reload else []),
    ]
    return element("ul", *(element("li", fact) for fact in told), class_="facts")


def verdict(run: Run, rows: Sequence[Row], found: Answers) -> Html:
    """The front in a sentence, and what to take where little accuracy may be lost."""
    on_front = sum(row["on_front"] for row in rows)
    nouns = listed([objective.noun for objective in run.objectives])
    first = (
        f"{on_front} of {counted(len(run.completed), 'model')} {'is' if on_front == 1 else 'are'} on the front: no "
        f"other one beats {'it' if on_front == 1 else 'them'} in {nouns} at once by more than the measurement can tell."
    )
    advice = " ".join(found.advice)
    where = f"Where {budget_name(found.budget)} of accuracy may be lost against the best baseline, "
    second = [element("p", where, advice[0].lower(), advice[1:])] if advice else []
    return element("div", element("p", first), *second, class_="verdict")


def reading(run: Run) -> Html:
    others = Counter(status_cell({"status": trial.status}) for trial in run.trials if not trial.executions)
    told = ", ".join(f"{count} {status}" for status, count in others.items())
    missing = [element("p", f"Not trained to the end: {told}; the table says why.", class_="note")] if others else []
    return joined([*missing, element("details", element("summary", "How to read the plot"), element("p", READING))])


def answer_section(found: Answers) -> Html:
    questions = (
        element("li", element("h3", question), *(element("p", sentence) for sentence in sentences))
        for question, sentences in found.brief
    )
    doubts = [element("h3", "Keep in mind"), listing(found.doubts)] if found.doubts else []
    tables = [
        scrolling(caption, grid(caption, *tabled(columns)))
        for caption, columns in (
            ("Effects by level", effect_columns(found)),
            ("By accuracy budget", budget_columns(found)),
        )
        if columns[0].cells
    ]
    more = element("details", element("summary", "Effects, budgets and notes"), *tables, listing(found.notes))
    title = "Four answers" if len(found.brief) == LAB_QUESTIONS else "Answers"
    return section(
        "answers", title, element("p", HELD_AGAINST, class_="note"), element("ol", *questions), *doubts, more
    )


def section(name: str, title: str, *content: Html) -> Html:
    heading = element("h2", title, id=f"{name}-title")
    return element("section", heading, *content, id=name, class_="wide", aria_labelledby=f"{name}-title")


def stream_section(found: InStream) -> Html:
    """Pictures as they are in report.md, and a player for each error where the stream lies beside the page."""
    pictures = (
        element("figure", element("figcaption", title), picture(title, drawn["svg"]))
        for title, drawn in found.pictures.values()
    )
    errors = (element("li", clock(error.at_s), " ", error.wrong, player(found, error)) for error in found.errors)
    wrong = element("details", element("summary", f"What {found.first} got wrong"), element("ul", *errors))
    silent = [] if found.sound else [element("p", found.silent_sentence, class_="note")]
    table = scrolling("In a stream", grid("At the threshold of each model", *found.table))
    told = element("p", found.sentence, class_="note")
    return section("stream", "In a stream", told, table, *pictures, wrong, *silent)


def player(found: InStream, error: Error) -> Html:
    """Plays the seconds around an error, if the sound is there."""
    if not found.sound:
        return Html("")
    return element("audio", controls="", preload="none", src=found.place(error))


def trial_grid(run: Run, rows: Sequence[Row]) -> Html:
    """Every trial; what is sorted by stands beside the text that is read."""
    costs = [cost for cost in shown_costs(run.objectives) if any(row[cost.name] is not None for row in rows)]
    head = [("trial", False), ("strategy", False), ("model", False), ("accuracy, %", True), ("95 % interval", True)]
    validated = any(row["validation_accuracy"] is not None for row in rows)
    head += [("validation, %", True)] if validated else []
    head += [(f"{cost.noun}, {cost.unit}", True) for cost in costs]
    head += [("front in worlds", True), ("state", False)]
    heads = (
        element("th", element("button", name, type="button"), scope="col", class_="number" if right else "text")
        for name, right in head
    )
    body = (element("tr", *cells(row, costs, validated), data_row=place) for place, row in enumerate(rows))
    return scrolling(
        "All trials",
        element(
            "table",
            element("caption", "All trials; the headings sort"),
            element("thead", element("tr", *heads)),
            element("tbody", *body),
            id="grid",
        ),
    )


def cells(row: Row, costs: Sequence[Any], validated: bool) -> Iterator[Html]:
    yield element("th", element("button", row["trial_id"], type="button"), scope="row")
    yield element("td", row["strategy"])
    yield element("td", row["name"])
    yield number(figure_cell(row, ACCURACY), row["accuracy"])
    yield number(interval_cell(row), row["accuracy_low"])
    if validated:
        found = row["validation_accuracy"]
        yield number("" if found is None else percents(found).removesuffix(" %"), found)
    for cost in costs:
        yield number(figure_cell(row, cost), row[cost.name])
    share = row["front_share"]
    yield number("" if share is None else f"{100 * share:.0f} %", share)
    yield element("td", "front" if row["on_front"] else state(row), class_="state")


def state(row: Row) -> str:
    if row["status"] == "completed":
        return ""
    return f"{status_cell(row)}: {row['reason']}" if row["reason"] else status_cell(row)


def number(text: str, value: float | None) -> Html:
    return element("td", text, class_="number", data_value="" if value is None else repr(float(value)))


def cost_section(run: Run) -> Html:
    found = spending(run)
    head = ("strategy", "files", "trainings", "hours", "share")
    table = scrolling("The cost of the search", grid("By strategy", head, spending_rows(found), class_="figures"))
    figure = element("figure", id="spent")
    told = element("p", spending_sentence(found), class_="note")
    return section("cost", "The cost of the search", told, element("div", table, figure, class_="beside"))


def made_section(run: Run, found: Answers) -> Html:
    table = scrolling("How it was made", grid("From the run's own record", ("what", "value"), making_rows(run)))
    sentences = (*found.gaps, *run.warnings)
    missing = [element("h3", "Not in the comparison"), listing(sentences)] if sentences else []
    return section("made", "How it was made", table, *missing)
