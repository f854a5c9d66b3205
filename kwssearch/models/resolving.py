"""From an architecture's name to the function that builds it, the same in every process."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kwssearch.errors import SpaceError, UserError, did_you_mean
from kwssearch.space.architectures import ArchitectureSource, file_digest
from kwssearch.space.axes import SHIPPED

if TYPE_CHECKING:
    from kwssearch.models.architectures import Builder


DIGEST = "__kwssearch_digest__"


def resolve(name: str, sources: Mapping[str, ArchitectureSource]) -> Builder:
    """The builder of an architecture that a space names.

    Args:
        sources: of the space's own architectures.

    Raises:
        SpaceError: its module cannot be imported, or has no such function.
        UserError: this machine has another version of it.
    """
    if name in SHIPPED:
        from kwssearch.models.architectures import MODELS

        return MODELS[name]
    source = sources[name]
    found = getattr(module_of(name, source), source.function, None)
    if not callable(found):
        known = [key for key, value in vars(module_of(name, source)).items() if callable(value) and key[0] != "_"]
        raise SpaceError(
            f"architecture {name!r}: module {source.module!r} has no function {source.function!r}, expected one that "
            f"builds a model.{did_you_mean(source.function, known)}"
        )
    return found  # type: ignore[no-any-return]


@lru_cache(maxsize=16)
def module_of(name: str, source: ArchitectureSource) -> ModuleType:
    """The module, imported or made from its text, once per process."""
    try:
        loaded = imported(source.module) if source.text is None else made(source, source.text)
    except Exception as error:  # whatever a user's module raises
        raise SpaceError(
            f"architecture {name!r}: module {source.module!r} cannot be imported "
            f"({type(error).__name__}: {' '.join(str(error).split())[:200]}); correct it."
        ) from error
    if getattr(loaded, DIGEST) != source.digest:
        raise UserError(
            f"architecture {name!r}: module {source.module!r} in this process is not the one that the search began "
            "with; install the same version everywhere, and start this process again if it has changed meanwhile."
        )
    return loaded


def imported(module: str) -> ModuleType:
    """An installed module, with the digest that its file had when it was first looked at."""
    loaded = importlib.import_module(module)
    if not hasattr(loaded, DIGEST):
        setattr(loaded, DIGEST, file_digest(loaded))
    return loaded


def made(source: ArchitectureSource, text: str) -> ModuleType:
    """A module from its text; one of that name that was imported before stays the program's own."""
    module = ModuleType(source.module)
    before = sys.modules.get(source.module)
    sys.modules[source.module] = module
    try:
        code: Any = compile(text, f"{source.module}.py", "exec")
        exec(code, module.__dict__)
    except BaseException:
        del sys.modules[source.module]
        raise
    finally:
        if before is not None:
            sys.modules[source.module] = before
    setattr(module, DIGEST, source.digest)
    return module
