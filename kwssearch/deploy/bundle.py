"""Writes a folder that holds a model and all that it needs, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import kwssearch
from kwssearch.artefact import MODEL_FILE
from kwssearch.deploy.bundled.check import PARITY, altered
from kwssearch.deploy.bundled.spotter import DESCRIPTION, described
from kwssearch.deploy.c_sources import c_files
from kwssearch.deploy.parity import vectors
from kwssearch.deploy.readme import readme
from kwssearch.deploy.shipped import FORMAT, Shipped, find_model
from kwssearch.errors import UserError
from kwssearch.runs import Run
from kwssearch.system.storage import dumps

PACKAGE = Path(kwssearch.__file__).parent
SCRIPTS = PACKAGE / "deploy" / "bundled"
SHARED = ("features/front_end.py", "artefact/classifier.py", "artefact/detector.py")
OWN_IMPORT = re.compile(r"^(\s*from )kwssearch\.(?:\w+\.)*(\w+ import )", re.MULTILINE)
OWN_DIGEST = "own_sha256"  # of the rest of model.json
BYPRODUCTS = ("__pycache__", "bench.json", "kws_host")  # of using a bundle


def export(run: Run, trial_id: str, out: Path, c: bool = False) -> Path:
    """Writes the bundle of a trial, and returns its folder.

    Args:
        trial_id: as it is listed, or without leading zeros.
        out: a folder that is not there, is empty, or holds an earlier bundle as it was written, which is replaced.
        c: also C sources for a microcontroller.

    Raises:
        QuantityError: no such trial.
        UserError: it is not completed, its file is not there, it cannot be had in C, or `out` cannot be written.
    """
    shipped = find_model(run, trial_id)
    check_place(out)
    write_whole(out, bundle_files(shipped, c))
    return out


def write_whole(out: Path, contents: Mapping[str, bytes]) -> None:
    """Puts a folder with these files in the place of what is there.

    Raises:
        UserError: it cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as place:
            made = Path(place, "bundle")
            for name, content in contents.items():
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                (made / name).write_bytes(content)
            if out.exists():
                shutil.rmtree(out)
            os.replace(made, out)
    except OSError as error:
        raise UserError(
            f"{out}: the bundle cannot be written ({error.strerror or error}); "
            "make room or give write permission, then export again.",
            about="folder",
        ) from error


def check_place(out: Path) -> None:
    """Raises: UserError: something is there that no bundle brought."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    stranger = next(iter(strangers(out)), None)
    if stranger is not None:
        raise UserError(
            f"{out}: holds {stranger!r}, expected no folder, an empty one, or a bundle as it was exported; "
            "name another folder.",
            about="folder",
        )


def strangers(out: Path) -> list[str]:
    """What would be lost if a bundle were replaced: files that it did not bring, or that were changed since."""
    try:
        description = described(out)
        own = description.pop(OWN_DIGEST)
        changed = [*altered(out), *([] if own == digest(dumps(description).encode()) else [DESCRIPTION])]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return [path.name for path in out.iterdir()] if out.is_dir() else [out.name]
    known = {DESCRIPTION, *description["sha256"]}
    files = [path.relative_to(out) for path in sorted(out.rglob("*")) if not path.is_dir()]
    new = [str(path) for path in files if str(path) not in known and not set(path.parts) & set(BYPRODUCTS)]
    return [*new, *(name for name in changed if (out / name).exists())]


def bundle_files(shipped: Shipped, c: bool) -> Mapping[str, bytes]:
    """Name -> content of every file of a bundle."""
    description = shipped.description()
    tests = vectors(description, shipped.content)
    in_c: dict[str, bytes] = {}
    if c:
        in_c, description["c"] = c_files(shipped)
    files = {
        MODEL_FILE: shipped.content,
        PARITY: dumps({"format": FORMAT, "vectors": [vector.to_dict() for vector in tests]}).encode(),
        "README.md": readme(description).encode(),
        "LICENSE": (SCRIPTS / "LICENSE").read_bytes(),
        **scripts(),
        **{f"c/{name}": content for name, content in in_c.items()},
    }
    description["sha256"] = {name: digest(content) for name, content in sorted(files.items())}
    description[OWN_DIGEST] = digest(dumps(description).encode())
    return {**files, DESCRIPTION: dumps(description).encode()}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def scripts() -> dict[str, bytes]:
    """The bundle's Python files, which import each other by bare names."""
    paths = [*(PACKAGE / name for name in SHARED), *sorted(SCRIPTS.glob("[!_]*.py"))]
    return {path.name: OWN_IMPORT.sub(r"\1\2", path.read_text(encoding="utf-8")).encode() for path in paths}
