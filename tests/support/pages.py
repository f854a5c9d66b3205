"""The pages of the documentation, and the code in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def named(name: str) -> str:
    """The text of a page."""
    return (ROOT / name).read_text()


def command_lines() -> list[str]:
    """Every line of the pages' code that calls kwssearch, once, in the order of the pages."""
    lines: list[str] = []
    for page in PAGES:
        text = page.read_text()
        code = [fence[1] for fence in FENCE.findall(text) if fence[0] in ("", "console", "sh")]
        code += re.findall(r"^    (?=kwssearch ).*$", text, re.MULTILINE)
        lines += [line.strip() for block in code for line in block.splitlines()]
    return list(dict.fromkeys(line for line in lines if line.startswith("kwssearch ")))


def shell_blocks(page: str) -> list[str]:
    """What a page's reader types elsewhere than in front of kwssearch."""
    blocks = [body for kind, body in FENCE.findall(named(page)) if kind == "sh"]
    return [body for body in blocks if "kwssearch " not in body]


def python_blocks(page: str) -> list[tuple[int, str]]:
    """Number and code of each Python block of a page."""
    blocks = [body for kind, body in FENCE.findall(named(page)) if kind == "python"]
    return list(enumerate(blocks, 1))


def with_python() -> list[str]:
    names = [str(page.relative_to(ROOT)) for page in PAGES]
    return [name for name in names if python_blocks(name)]
