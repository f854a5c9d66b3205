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
        loaded = sys.modules.get(source.module)
        if source.text is None:
            loaded = importlib.import_module(source.module)
        elif loaded is None or digest_of(loaded) != source.digest:
            loaded = made(source)
    except Exception as error:  # whatever a user's module raises
        raise SpaceError(
            f"architecture {name!r}: module {source.module!r} cannot be imported "
            f"({type(error).__name__}: {' '.join(str(error).split())[:200]}); correct it."
        ) from error
    if source.text is None and digest_of(loaded) != source.digest:
        raise UserError(
            f"architecture {name!r}: module {source.module!r} on this machine is not the one that the search began "
            "with; install the same version everywhere."
        )
    return loaded


def made(source: ArchitectureSource) -> ModuleType:
    module = ModuleType(source.module)
    code: Any = compile(source.text or "", f"{source.module}.py", "exec")
    sys.modules[source.module] = module
    exec(code, module.__dict__)
    module.__dict__["__kwssearch_digest__"] = source.digest
    return module


def digest_of(module: ModuleType) -> str | None:
    """Digest of the text that a module was made from, or of its file; None if it has neither."""
    kept = getattr(module, "__kwssearch_digest__", None)
    if kept is not None:
        return str(kept)
    try:
        return file_digest(module)
    except (OSError, TypeError):
        return None
