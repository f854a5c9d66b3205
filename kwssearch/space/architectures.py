"""Architectures by name: those that are shipped, and a user's own by module and function."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import io
import sys
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kwssearch.errors import SpaceError
from kwssearch.space.axes import REGISTERED, SHIPPED, is_reference

Builder = TypeVar("Builder", bound=Callable[..., Any])
UNREACHABLE = ("__main__", "ipykernel", "builtins")  # modules that no worker imports
_references: dict[str, str] = {}


@dataclass(frozen=True)
class ArchitectureSource:
    """Where a user's builder is, and its content when the space was read.

    Attributes:
        digest: SHA-256 of the module's file.
        text: the content of a single file, so that every worker can have it; None for an installed module.
    """

    module: str
    function: str
    digest: str
    text: str | None = None


def architecture(name: str) -> Callable[[Builder], Builder]:
    """Registers a builder, (input shape, classes, width multiplier) to a `tf_keras` model, under a name for spaces.

    Raises:
        SpaceError: the name is taken, or the builder is defined where no worker can import it.
    """

    def register(builder: Builder) -> Builder:
        reference = f"{builder.__module__}:{builder.__qualname__}"
        if name in SHIPPED or not name.isidentifier():
            raise SpaceError(
                f"architecture {name!r}: is shipped or not an identifier, expected a name of your own, "
                "such as 'tc_resnet'."
            )
        if builder.__module__.split(".")[0] in UNREACHABLE or not is_reference(reference):
            raise SpaceError(
                f"architecture {name!r}: is defined in {builder.__module__}, which workers do not import, expected a "
                "function of a module; put it into a file beside yours, such as my_models.py, and import it from there."
            )
        _references[name] = reference
        REGISTERED.add(name)
        return builder

    return register


def locate(value: str, folder: Path) -> ArchitectureSource | None:
    """The source of an architecture; None for a shipped one.

    Args:
        value: a name, or 'module:function' of a file in `folder` or of an installed module.

    Raises:
        SpaceError: there is no such module.
    """
    if value in SHIPPED:
        return None
    module, function = _references.get(value, value).split(":")
    beside = folder / f"{module}.py"
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if value in _references and loaded:
        path: Path | None = Path(loaded)
    elif beside.is_file():
        path = beside
    else:
        path = installed(module)
    if path is None:
        raise SpaceError(
            f"architecture {value!r}: there is no {beside} and no installed module {module!r}, expected one of them; "
            "put the file beside the space."
        )
    try:
        content = path.read_bytes()
        alone = "." not in module and path.name != "__init__.py" and "site-packages" not in path.parts
        text = decoded(content) if alone else None
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise SpaceError(f"architecture {value!r}: {path} cannot be read ({reason}); save it as UTF-8.") from error
    return ArchitectureSource(module, function, hashlib.sha256(content).hexdigest(), text)


def decoded(content: bytes) -> str:
    """The text of a Python file, whatever encoding it declares."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding)


def installed(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin and Path(spec.origin).is_file() else None


def file_digest(module: Any) -> str:
    """Digest of the file that a loaded module came from."""
    return hashlib.sha256(Path(inspect.getfile(module)).read_bytes()).hexdigest()
