"""Debian's Chromium, and a page of it that must neither complain nor ask for anything."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Watched:
    """A page with what it said on its console, and what it asked for beside its own file."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: Path) -> None:
        self.page.goto(path.as_uri())


@contextlib.contextmanager
def chromium() -> Iterator[Watched]:
    """One page in a browser of its own; the test is skipped where there is no browser."""
    if CHROMIUM is None or find_spec("playwright") is None:
        pytest.skip("there is no Chromium or no Playwright here: the page was not tried in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = Watched(browser.new_page(viewport={"width": 1440, "height": 900}))
        found.page.set_default_timeout(10_000)
        found.page.on("console", lambda message: found.complaints.append(message.text))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("request", lambda request: found.requests.append(request.url))
        yield found
        browser.close()


def axe_source() -> str:
    """The axe-core that axe-playwright-python ships."""
    spec = find_spec("axe_playwright_python")
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0], "axe.min.js").read_text()
