"""The interactive page as a file: small, the same for the same run, shut off, and readable without scripts."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.heard import with_heard
from support.spaces import MINI

import kwssearch
from kwssearch.analysis import Worlds, answers
from kwssearch.report.markup import Html, element, embedded
from kwssearch.report.page_worlds import packed_worlds
from kwssearch.report.rows import trial_rows
from kwssearch.report.web_page import asset, web_page
from kwssearch.runs import Run, load
from kwssearch.space import Limits, load_space
from kwssearch.space.limits import ASKED
from kwssearch.testing import recorded

WEB = Path(kwssearch.__file__).parent / "report" / "web"
RUNS = Path(kwssearch.__file__).parents[1] / "runs"


def text_of(run: Run) -> str:
    worlds = Worlds(run)
    return web_page(run, trial_rows(run, worlds=worlds), answers(run, 1, worlds))


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


class Tags(HTMLParser):
    """Every tag with its attributes, and the text outside of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.text += data


@pytest.fixture(scope="module")
def page() -> str:
    return text_of(recorded.build("lab4", validation=100, failed={"05": "out of memory"}))


def test_only_its_own_scripts_may_run_and_nothing_is_fetched(page: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in html.unescape(policy[1]).split(";"))
    digests = {
        f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
        for code in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    }
    assert set(rules["script-src"].split()) == digests
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe-eval" not in policy[1]
    found = Tags()
    found.feed(page)
    links = [value for _, attributes in found.tags for key, value in attributes.items() if key in ("src", "href")]
    assert links == ["#trials"]
    assert not [key for _, attributes in found.tags for key in attributes if key.startswith("on")]


def test_it_can_be_read_without_scripts(page: str) -> None:
    found = Tags()
    found.feed(page)
    for said in ("are on the front: no other one", "Four answers", "out of memory", "How it was made", "2.21.0"):
        assert said in found.text
    assert len([1 for tag, attributes in found.tags if tag == "tr" and "data-row" in attributes]) == 22


def test_a_like_run_gives_the_like_file(page: str) -> None:
    assert text_of(recorded.build("lab4", validation=100, failed={"05": "out of memory"})) == page


@pytest.mark.parametrize("name", ["full-speech8"])
def test_runs_of_before_have_a_page(name: str) -> None:
    run = load(RUNS / name)
    text = text_of(run)
    data = data_of(text)
    assert data["decides"] == "test"
    assert [axis["name"] for axis in data["axes"]] == ["accuracy", "memory_bytes", "tflite_bytes", "latency_ms"]
    assert all(details["curves"]["accuracy"] for details in data["details"])
    assert len(text.encode()) < 1.3e6


def test_a_sparse_record_has_a_page() -> None:
    run = recorded.build({**MINI, "strategy": []}, clips=80, speakers=40, rounds=None)
    for key in ("created", "data", "versions", "environment"):
        run.record.pop(key)
    details = data_of(text_of(run))["details"]
    assert [each["curves"] for each in details] == [{}, {}]
    assert [each["sparsity"] for each in details] == [[], []]


def test_every_stop_of_a_slider_is_what_the_command_line_reads() -> None:
    run = recorded.build(space=load_space("lab4").with_limits(Limits(max_memory=123_456)), validation=100)
    assert "max_misses" not in [limit["name"] for limit in data_of(text_of(run))["limits"]]
    run = with_heard(run, lambda values: 0.6 - 0.3 * values["width_multiplier"])
    found = {limit["name"]: limit for limit in data_of(text_of(run))["limits"]}
    assert set(found) == set(ASKED)
    for name, limit in found.items():
        values = [value for value, _, _ in limit["stops"] if value is not None]
        assert values == sorted(values)
        assert [ASKED[name][1](option, name) for value, _, option in limit["stops"] if value is not None] == values
    memory = found["max_memory"]
    assert memory["stops"][memory["start"]][0] == 123_456
    assert None not in [value for value, _, _ in memory["stops"]]  # the run's own limit can be loosened, not dropped
    largest = max(trial.memory_bytes for trial in run.completed)
    assert memory["stops"][-1][0] >= largest
    for trial in run.completed:
        near = min(value for value, _, _ in memory["stops"] if value >= trial.memory_bytes)
        assert near <= trial.memory_bytes * 1.011


def test_the_worlds_are_those_of_pick_and_fewer_of_many_trials() -> None:
    run = recorded.build("lab4", validation=100)
    found, own = data_of(text_of(run))["worlds"], Worlds(run.on_validation)
    assert found["count"] == own.worlds
    for name, objective in (("deciding", "accuracy"), ("latency_ms", "latency_ms")):
        low, high = (np.array(found["figures"][name][end]) for end in ("low", "high"))
        steps = np.frombuffer(base64.b64decode(found["figures"][name]["steps"]), "<u2").reshape(-1, len(low))
        np.testing.assert_allclose(low + steps * (high - low) / 65535, own.drawn[objective], atol=2e-5)
    assert "memory_bytes" not in found["figures"]  # one seed: the same in all worlds
    large = recorded.build(recorded.large_space(400), clips=80, speakers=40)
    assert packed_worlds(large)["count"] == 200_000 // len(large.trials)


def test_confusions_add_up_over_seeds() -> None:
    run = recorded.build({**MINI, "strategy": []}, executions=3, clips=160, speakers=40)
    data = data_of(text_of(run))
    for trial, details in zip(run.trials, data["details"], strict=True):
        size = len(data["words"])
        right = sum(details["confusions"][i * size + i] for i in range(size))
        assert sum(details["confusions"]) == 3 * 160
        assert right / (3 * 160) == pytest.approx(trial.accuracy)


def test_trainings_that_were_lent_cost_nothing() -> None:
    run = recorded.build({**MINI, "strategy": []}, clips=80, speakers=40)
    first = run.trials[0].executions[0]
    lent = replace(first, record={**first.record, "origin": {"trial_id": "01", "execution": 0}})
    text = text_of(recorded.with_trial(run, replace(run.trials[0], executions=(lent,))))
    assert data_of(text)["cost"] == [["baseline", pytest.approx(12.5 / 3600)]]
    assert "1 training took 0.00 hours." in text


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = element("b", "<i>&\x1b")
    assert isinstance(inner, Html)
    assert inner == "<b>&lt;i&gt;&amp;\\x1b</b>"
    assert element("p", inner, class_='"', data_x=1) == f'<p class="&quot;" data-x="1">{inner}</p>'
    assert "<" not in embedded({"</script>": "<!--"})


def test_the_library_is_as_it_was_published() -> None:
    told = (WEB / "vendor" / "LICENSE").read_text()
    for name, version in (("d3.min.js", "d3 7.9.2"), ("plot.umd.min.js", "@observablehq/plot 0.6.17")):
        path = WEB / "vendor" / name
        assert f"{name}: {version}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}," in told
        assert path.stat().st_size < 1e6
        assert version.split()[1] in asset(f"vendor/{name}")[:60]


SEEN = {  # linear RGB as it is seen without a kind of cones (Machado, Oliveira and Fernandes, 2009, severity 1)
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no middle": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "no short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
CONES = [[0.41222, 0.53633, 0.05145], [0.2119, 0.6807, 0.1074], [0.0883, 0.28172, 0.62998]]
OKLAB = [[0.21045, 0.79362, -0.00407], [1.978, -2.42859, 0.45059], [0.0259, 0.78277, -0.80868]]


@pytest.mark.parametrize("eyes", SEEN)
def test_colours_differ_for_all_eyes(eyes: str) -> None:
    """By 0.06 in OKLab (Ottosson, 2020), light and dark; 0.02 is just noticeable."""
    palettes = re.findall(r"--c0: .*", asset("page.css"))
    assert len(palettes) == 2
    for palette in palettes:
        colors = np.array([list(bytes.fromhex(code)) for code in re.findall(r"#(\w{6})", palette)]) / 255
        linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
        seen = np.clip(linear @ np.array(SEEN[eyes]).T, 0, 1)
        places = np.cbrt(seen @ np.array(CONES).T) @ np.array(OKLAB).T
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)[np.triu_indices(8, 1)]
        assert apart.min() > 0.06
