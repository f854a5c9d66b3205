"""HTML in which every text is escaped unless it is markup already."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Sequence
from typing import Any

from kwssearch.errors import printable


class Html(str):
    """Markup; any other text is escaped where it is put into some."""

    __slots__ = ()


def element(name: str, *content: object, **attributes: object) -> Html:
    """A tag around its content; an attribute is named as in HTML, with `_` for `-` and after Python's own words."""
    said = [f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"' for key, value in attributes.items()]
    return Html(f"<{name}{''.join(said)}>{''.join(map(escaped, content))}</{name}>")


def escaped(part: object) -> str:
    return part if isinstance(part, Html) else html.escape(printable(part))


def joined(parts: Iterable[object]) -> Html:
    return Html("".join(map(escaped, parts)))


def picture(title: str, svg: bytes) -> Html:
    """A drawing that is part of the page."""
    return Html(f'<img alt="{escaped(title)}" src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}">')


def listing(sentences: Iterable[object]) -> Html:
    return element("ul", *(element("li", sentence) for sentence in sentences))


def grid(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], **attributes: object) -> Html:
    """A table whose first cell in each row is the row's heading."""
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *(element("th", name, scope="col") for name in head))),
        element(
            "tbody",
            *(
                element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in cells))
                for first, *cells in rows
            ),
        ),
        **attributes,
    )


def scrolling(label: str, content: Html) -> Html:
    """What is wider than a phone, by touch and by keyboard."""
    return element("div", content, class_="scroll", role="region", aria_label=label, tabindex=0)


def script(code: str) -> Html:
    return Html(f"<script>\n{code}</script>")


def policy(scripts: Iterable[str], plays: bool = False) -> str:
    """A Content-Security-Policy: these scripts, styles and pictures of the page itself, and nothing else.

    Args:
        plays: sound that lies beside the page, too.
    """
    sound = "media-src 'self' file:; " if plays else ""
    digests = (hashlib.sha256(f"\n{code}".encode()).digest() for code in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; {sound}"
        "base-uri 'none'; form-action 'none'"
    )


def embedded(content: Any) -> Html:
    """JSON that cannot end the script element it stands in."""
    return Html(json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"))
