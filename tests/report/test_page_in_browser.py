"""The page in a browser: it reacts, it agrees with `kwssearch pick`, and everything in it can be reached."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from support import browser, shell
from support.heard import with_heard
from support.spaces import MINI

from kwssearch.analysis import Worlds, answers, fits, pick
from kwssearch.analysis.picking import chosen, order_of, preferences
from kwssearch.cli.commands import main
from kwssearch.errors import UserError
from kwssearch.report.rows import trial_rows
from kwssearch.report.web_page import web_page
from kwssearch.runs import Run, load
from kwssearch.space import Limits
from kwssearch.system.storage import write_json
from kwssearch.testing import recorded

HOSTILE = ("</script><script>hacked=1</script>", "<img src=x onerror=hacked=1>", "a'\"&`${x} 日本語")
SPACE = {
    **MINI,
    "name": "<b>lab</b>",
    "strategy": [
        {"name": HOSTILE[0], "architecture": "ds_cnn"},
        {"name": HOSTILE[1], "width_multiplier": [0.25, 0.5, 0.75]},
        {"name": HOSTILE[2], "final_sparsity": [0.7, 0.8, 0.9]},
    ],
}
SKIPPED = {
    "accuracy": 0.85, "low": 0.8, "high": 0.9, "chance": 0.02, "dominated_by": None, "reason": "too unlikely",
    "costs": {"memory_bytes": 2e5, "latency_ms": 1.0},
}  # fmt: skip


def page_of(run: Run, folder: Path, reload: int | None = None) -> Path:
    worlds = Worlds(run)
    path = folder / "report.html"
    path.write_text(web_page(run, trial_rows(run, worlds=worlds), answers(run, 1, worlds), reload))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Completed trials, one that failed and one that was skipped, under names that want to be markup."""
    folder = tmp_path_factory.mktemp("page") / "run's"
    made = recorded.write(folder, space=SPACE, validation=400, failed={"05": "out of <memory>"}, waiting=("13",))
    return recorded.with_trial(made, replace(made.trials[13], skipped=SKIPPED))


@pytest.fixture(scope="module")
def file(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_of(run, tmp_path_factory.mktemp("file"))


@pytest.fixture(scope="module")
def watched() -> Iterator[browser.Watched]:
    with browser.chromium() as found:
        yield found


@pytest.fixture
def page(watched: browser.Watched, file: Path) -> Iterator[Any]:
    """As it is when it was just opened; it must have nothing to say on the console, and nothing to ask for."""
    watched.page.set_viewport_size({"width": 1440, "height": 900})
    watched.open(file)
    watched.page.evaluate("history.replaceState(null, '', '#')")
    watched.page.reload()
    yield watched.page
    assert watched.complaints == []
    assert {url.split(":")[0] for url in watched.requests} <= {"file", "data"}


def pick_named(page: Any) -> str:
    found = re.match(r"Trial (\d+):", page.inner_text("#pick .name"))
    assert found is not None
    return found[1]


def slide(page: Any, name: str, place: int) -> None:
    """As a hand would: the slider stands elsewhere, and says so."""
    page.eval_on_selector(
        f"#limit-{name}", "(input, place) => { input.value = place; input.dispatchEvent(new Event('input')); }", place
    )


def test_a_slider_greys_what_does_not_fit_and_changes_the_pick(page: Any, run: Run) -> None:
    before = pick_named(page)
    page.focus("#limit-max_memory")
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    limit = page.evaluate("limitsNow().max_memory")
    out = page.eval_on_selector_all("#scatter .point.out", "points => points.map(p => p.ariaLabel.slice(6, 8))")
    assert sorted(out) == [t.trial_id for t in run.completed if not fits(t, Limits(max_memory=limit))]
    assert 0 < len(out) < len(run.completed)
    assert pick_named(page) not in (before, *out)
    assert page.get_attribute("#limit-max_memory", "aria-valuetext").startswith("at most ")
    assert page.locator("#scatter .limit").count() == 1
    page.keyboard.press("End")
    assert pick_named(page) == before
    assert page.locator("#scatter .point.out").count() == 0


def test_the_rule_of_the_page_is_the_commands(page: Any, run: Run) -> None:
    """On random limits and preferences."""
    rng = np.random.default_rng(5)
    stops = page.evaluate("data.limits.map(limit => [limit.name, limit.stops.map(stop => stop[0])])")
    judged = run.on_validation
    assert judged is not None
    picks = []
    for _ in range(200):
        given = {name: rng.choice(np.array(values, dtype=object)) for name, values in stops}
        limits = Limits(**{name: value for name, value in given.items() if value is not None and rng.random() < 0.6})
        prefer = str(rng.choice(list(preferences(run))))
        within = np.array([[fits(trial, limits) for trial in judged.trials]])
        figures = {o.name: np.array([[t.figure(o.name) for t in judged.trials]]) for o in order_of(prefer, run)}
        (place,) = chosen(figures, within, order_of(prefer, run))
        expected = None if place < 0 else judged.trials[place].trial_id
        rule = "([limits, prefer]) => pickOf(completed.filter(i => fits(limits, i)), prefer).trial"
        found = page.evaluate(rule, [limits.to_dict(), prefer])
        assert (None if found is None else run.trials[found].trial_id) == expected, (limits, prefer)
        picks.append(expected)
    assert len(set(picks)) > 4
    assert None in picks


def test_the_page_picks_by_hearing_as_the_command_does(watched: browser.Watched, tmp_path: Path) -> None:
    run = with_heard(
        recorded.build("quickstart", validation=100), lambda values: 0.9 - 0.3 * values["width_multiplier"]
    )
    watched.open(page_of(run, tmp_path))
    found = watched.page.evaluate("pickOf(completed, 'hearing').trial")
    assert run.trials[found].trial_id == pick(run, prefer="hearing").trial_id
    found = watched.page.evaluate("pickOf(completed.filter(i => fits({max_misses: 0.83}, i)), 'memory').trial")
    assert run.trials[found].trial_id == pick(run, Limits(max_misses=0.83), "memory").trial_id
    assert [text for _, text, _ in watched.page.evaluate("data.limits[1].stops")] == ["75 %", "82.5 %", "87 %", "any"]
    assert watched.page.evaluate("[...worldsOf('deciding_misses')].length") == 1000 * len(run.completed)


def test_the_doubt_of_the_page_is_the_commands(page: Any, run: Run) -> None:
    """Which trials are sure enough, and how often each is picked in the same worlds."""
    judged = run.on_validation
    assert judged is not None
    least = float(np.quantile([trial.accuracy for trial in judged.trials], 0.4))
    most = float(np.median([trial.memory_bytes for trial in judged.trials]))
    asked = [Limits(), Limits(min_accuracy=least), Limits(min_accuracy=least, max_memory=most)]
    for limits, prefer, confident in itertools.product(asked, preferences(run), (None, 0.5, 0.9)):
        if confident is not None and limits.min_accuracy is None:
            continue
        found = page.evaluate(
            """([limits, prefer, confident]) => {
                const sure = sureness(limits);
                const surely = completed.filter((_, column) => sure[column] >= confident);
                const named = ([i, count]) => [i === null ? "none" : data.trials[i].id, count / WORLDS];
                return Object.fromEntries([...picksIn(limits, surely, prefer)].map(named));
            }""",
            [limits.to_dict(), prefer, confident or 0],
        )
        try:
            wanted = pick(run, limits, prefer, confident).shares
        except UserError:
            assert set(found) == {"none"}
        else:
            assert found == {trial or "none": share for trial, share in wanted.items()}


@pytest.mark.parametrize(
    "prefer, confident, places",
    [("accuracy", "", (2, 5, 7)), ("memory", "", (4, 9, 3)), ("latency", "0.9", (1, 6, 6)),
     ("memory", "0.5", (8, 9, 9)), ("accuracy", "0.99", (9, 9, 9))],
)  # fmt: skip
def test_the_command_that_is_shown_picks_what_the_page_picks(
    page: Any, prefer: str, confident: str, places: tuple[int, ...]
) -> None:
    page.select_option("#prefer", prefer)
    for name, place in zip(("min_accuracy", "max_memory", "max_latency"), places, strict=True):
        slide(page, name, place)
    page.select_option("#confident", confident)
    words = shlex.split(page.locator("#pick code").first.text_content())
    ended = CliRunner().invoke(main, words[1:])
    if "No trial" in page.inner_text("#pick"):
        assert ended.exit_code == 1
    else:
        choice, _, doubt = " ".join(ended.stdout.split()).partition(" Doubt: in ")
        assert choice.startswith(f"Take trial {pick_named(page)} "), ended.stderr
        shown = re.search(r"Doubt: in (\d+) % of 1,000 bootstrap worlds", page.inner_text("#pick"))
        assert shown is not None
        assert abs(int(shown[1]) - int(doubt.split()[0])) <= 1  # halves are rounded either way


def test_the_page_of_a_target_picks_by_its_latencies(watched: browser.Watched, tmp_path: Path) -> None:
    """The board is fast at what this machine is slow at."""
    recorded.write(tmp_path / "run", space=MINI, clips=200, speakers=40)
    record = json.loads((tmp_path / "run" / "latency.json").read_text())
    for times in record["trials"].values():
        times.update({part: [1 / time for time in values] for part, values in times.items()})
    write_json(tmp_path / "run" / "targets" / "board.json", {**record, "target": "board"})
    watched.open(page_of(load(tmp_path / "run", "board"), tmp_path))
    watched.page.select_option("#prefer", "latency")
    words = shlex.split(watched.page.locator("#pick code").first.text_content())
    assert CliRunner().invoke(main, words[1:]).stdout.startswith(f"Take trial {pick_named(watched.page)} ")


def test_how_sure_it_must_be_is_asked_where_accuracy_has_a_limit(page: Any) -> None:
    assert not page.is_visible("#confident")
    page.focus("#limit-min_accuracy")
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "confident"
    page.select_option("#confident", "0.99")
    assert "No trial keeps these limits so surely." in page.inner_text("#pick")
    assert "--confident 0.99" in page.inner_text("#pick code")
    slide(page, "min_accuracy", 0)
    assert not page.is_visible("#confident")
    assert "--confident" not in page.inner_text("#pick")


def test_a_limit_whose_stop_is_gone_stays_as_strict(page: Any) -> None:
    """As where a search went on after the page's address was kept."""
    limits = page.evaluate("data.limits.map(limit => [limit.name, limit.stops.map(stop => stop[2])])")
    sizes, shares = dict(limits)["max_memory"], dict(limits)["min_accuracy"]
    between = (float(sizes[3].removesuffix("kB")) + float(sizes[4].removesuffix("kB"))) / 2
    asked = {"max_memory": [(f"{between}kB", sizes[3]), ("1kB", sizes[0])]}
    asked["min_accuracy"] = [(f"{float(shares[2].removesuffix('%')) - 0.01}%25", shares[2]), ("100%25", shares[-1])]
    for name, cases in asked.items():
        for text, stop in cases:
            page.evaluate("hash => history.replaceState(null, '', hash)", f"#{name}={text}&max_ram=junk&confident=7")
            page.reload()
            assert f"--{name.replace('_', '-')} {stop}" in page.locator("#pick code").first.text_content()
            assert page.evaluate("[limitsNow().max_ram ?? null, state.confident]") == [None, ""]


def test_a_device_sets_its_limits(page: Any) -> None:
    page.select_option("#device", label="nano33ble – Arduino Nano 33 BLE Sense (nRF52840, Cortex-M4F)")
    assert page.evaluate("limitsNow()") == {"max_flash": 524288}  # every trial keeps the one on RAM
    assert "--max-flash 524.288kB" in page.locator("#pick code").first.text_content()


def test_headings_sort_and_what_is_not_known_comes_last(page: Any, run: Run) -> None:
    page.click("#grid thead button:has-text('memory')")
    ids = page.eval_on_selector_all("#grid tbody th", "cells => cells.map(cell => cell.textContent)")
    done = sorted(run.completed, key=lambda trial: trial.memory_bytes)
    assert ids == [trial.trial_id for trial in done] + ["05", "13"]
    page.click("#grid thead button:has-text('memory')")
    assert page.locator("#grid [aria-sort=descending]").inner_text().startswith("memory")
    ids = page.eval_on_selector_all("#grid tbody th", "cells => cells.map(cell => cell.textContent)")
    assert ids[0] == max(run.completed, key=lambda trial: trial.memory_bytes).trial_id
    assert ids[-2:] == ["05", "13"]


def test_rows_are_found_and_linked_with_their_points(page: Any, run: Run) -> None:
    page.fill("#find", "mfcc ds_cnn")
    shown = page.locator("#grid tbody tr:visible")
    assert shown.count() == sum("mfcc ds_cnn" in trial.name for trial in run.trials)
    assert page.inner_text("#count").startswith(f"{shown.count()} of {len(run.trials)} trials")
    shown.first.hover()
    assert page.locator("#scatter .looked").count() == 1
    shown.first.click()
    assert page.inner_text("#one h3") == f"Trial {shown.first.locator('th').inner_text()}: mfcc ds_cnn"
    assert page.locator("#confusion svg[role=img]").count() == 1
    page.locator("#scatter .point").last.focus()
    assert page.locator("#grid tr.looked").count() == 1
    assert "95 % interval" not in page.inner_text("#card")
    assert re.search(r"accuracy\s+\d\d\.\d % \(\d\d\.\d–\d\d\.\d\)", page.inner_text("#card"))


def test_the_keyboard_reaches_everything(page: Any, run: Run) -> None:
    page.keyboard.press("Tab")
    reached = []
    for _ in range(90):
        reached.append(page.evaluate("[document.activeElement.id || document.activeElement.getAttribute('class'), "
                                     "document.activeElement.textContent.slice(0, 30)]"))  # fmt: skip
        page.keyboard.press("Tab")
    ids = {name for name, _ in reached}
    wanted = {"skip", "x", "y", "color", "zoom-in", "zoom-out", "zoom-reset", "device", "prefer", "find", "only-front"}
    assert wanted | {"only-fitting", "chosen", "limit-min_accuracy", "limit-max_ram", "limit-max_latency"} <= ids
    assert {trial.trial_id for trial in run.trials} <= {text for _, text in reached}
    points = page.locator("#scatter .point[tabindex='0']")
    assert points.count() == 1
    points.focus()
    seen = []
    for _ in range(len(run.trials)):
        seen.append(page.evaluate("document.activeElement.ariaLabel"))
        page.keyboard.press("ArrowRight")
    assert len(set(seen)) == len(run.completed) + 1  # and the one that was skipped
    page.keyboard.press("Enter")
    assert page.inner_text("#one h3").startswith(seen[-1].split(",")[0])


def test_zoom_enlarges_a_part_and_gives_the_whole_back(page: Any) -> None:
    whole = page.evaluate("chart.scale('x').domain")
    page.click("#zoom-in")
    low, high = page.evaluate("chart.scale('x').domain")
    assert whole[0] <= low < high <= whole[1]
    assert high / low < whole[1] / whole[0]
    page.click("#zoom-reset")
    box = page.locator("#scatter svg").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 200, steps=3)
    page.mouse.up()
    low, high = page.evaluate("chart.scale('x').domain")
    assert whole[0] < low < high < whole[1]
    page.click("#zoom-reset")
    assert page.evaluate("chart.scale('x').domain") == whole


def test_axes_and_colours_are_chosen_and_a_reload_keeps_them(page: Any) -> None:
    page.select_option("#x", "latency_ms")
    page.select_option("#y", "validation_accuracy")
    page.select_option("#color", "width_multiplier")
    slide(page, "max_memory", 3)
    shell.wait_for(lambda: "max_memory" in page.evaluate("location.hash"))  # until the slider rests
    before = page.inner_text("#pick"), page.locator("#scatter").text_content()
    assert "Accuracy on the validation split, %" in before[1]
    page.reload()
    assert (page.inner_text("#pick"), page.locator("#scatter").text_content()) == before
    assert page.input_value("#color") == "width_multiplier"


def test_what_was_not_trained_is_shown_as_such_and_never_as_beaten(page: Any) -> None:
    skipped = page.locator("#scatter .point[aria-label^='Trial 13']")
    assert "skipped by the search" in skipped.get_attribute("aria-label")
    assert not {"beaten", "out"} & set(skipped.get_attribute("class").split())
    assert page.locator("#scatter .point[aria-label^='Trial 05']").count() == 0
    states = {row: page.inner_text(f"#grid tr[data-row='{row}'] .state") for row in (5, 13)}
    assert states == {5: "failed: out of <memory>", 13: "skipped: too unlikely"}


def test_names_are_text_whatever_they_are(page: Any) -> None:
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.locator("main img, h1 b, #grid script").count() == 0
    assert page.inner_text("h1").startswith("<b>lab</b>: ")
    for strategy in HOSTILE[:2]:
        assert page.locator("#grid td", has_text=strategy).count() > 0
        assert strategy in page.inner_text("#legend")
    page.evaluate("chooseTrial(4)")
    assert HOSTILE[1] in page.inner_text("#one")


@pytest.mark.parametrize("width, scheme", [(390, "light"), (768, "dark"), (1440, "light"), (1440, "dark")])
def test_axe_finds_no_serious_fault_and_nothing_is_wider_than_the_screen(page: Any, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    page.click("#answers summary")
    slide(page, "min_accuracy", 3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(browser.axe_source())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"]) for each in serious] == []
    page.emulate_media(color_scheme="light")


def test_paper_has_figures_and_no_controls(page: Any) -> None:
    page.emulate_media(media="print")
    assert page.locator("#find:visible, #zoom-in:visible, #device:visible").count() == 0
    assert page.locator("#scatter svg:visible, #grid:visible").count() == 2
    page.emulate_media(media="screen")


def nothing(values: Any) -> recorded.Figures:
    """Figures for which a logarithm has no place."""
    return recorded.flat_figures(values)._replace(accuracy=0.999999, memory_bytes=0, model_ms=0.0, feature_ms=0.0)


@pytest.mark.parametrize("figures", [recorded.flat_figures, nothing])
def test_few_trials_that_are_alike_can_be_drawn(watched: browser.Watched, tmp_path: Path, figures: Any) -> None:
    run = recorded.build({**MINI, "strategy": []}, figures=figures, clips=40, speakers=20, rounds=None)
    watched.open(page_of(run, tmp_path))
    for x in ("memory_bytes", "latency_ms", "accuracy"):
        watched.page.select_option("#x", x)
        assert watched.page.locator("#scatter .point").count() == 2
    watched.page.click("#zoom-out")
    assert watched.complaints == []


def test_a_page_of_a_search_that_goes_on_loads_itself_again(watched: browser.Watched, run: Run, tmp_path: Path) -> None:
    """With all that was chosen, and no more once the search has ended."""
    watched.open(page_of(run, tmp_path, reload=1))
    assert "this page renews itself" in watched.page.inner_text(".facts")
    watched.page.evaluate("chooseTrial(2)")
    page_of(run, tmp_path)
    watched.page.wait_for_selector(".facts:not(:has-text('renews itself'))")
    assert watched.page.inner_text("#one h3").startswith("Trial 02: ")
    assert watched.complaints == []


REACTIONS = {
    "a limit moves": "moved(40), moved(80), moved(20), moved(120)",
    "the table is sorted": "heads[3].click(), heads[6].click(), heads[2].click(), heads[3].click()",
    "a trial is looked at": "look(100), look(400), look(700), look(100)",
    "a trial is chosen": "chooseTrial(100), chooseTrial(400), chooseTrial(700), chooseTrial(100)",
}


def test_eight_hundred_trials_react_within_a_tenth_of_a_second(watched: browser.Watched, tmp_path: Path) -> None:
    """Until the page is laid out anew; the best but one of four, since tests share their processors."""
    large = recorded.build(recorded.large_space(800), validation=200, clips=200, speakers=80)
    path = page_of(large, tmp_path)
    assert path.stat().st_size < 5e6
    watched.open(path)
    for reaction, calls in REACTIONS.items():
        actions = ", ".join(f"() => {call}" for call in calls.split(", "))
        times = watched.page.evaluate(
            """() => {
                const heads = [...document.querySelectorAll('#grid thead button')];
                const slider = document.getElementById('limit-max_memory');
                const moved = place => { slider.value = place; slider.dispatchEvent(new Event('input')); };
                return [ACTIONS].map(act => {
                    const begun = performance.now();
                    act();
                    document.body.getBoundingClientRect();
                    return performance.now() - begun;
                });
            }""".replace("ACTIONS", actions)
        )
        assert sorted(times)[1] < 100, (reaction, times)
    assert watched.complaints == []
