"""Runs bundles' bench.py on another machine, over one connection, and leaves nothing there."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.artefact import MODEL_FILE
from kwssearch.deploy.bundle import SCRIPTS, digest
from kwssearch.deploy.bundled._visit import MARK
from kwssearch.deploy.target import Target
from kwssearch.errors import UserError

Times = npt.NDArray[np.float64]
Files = Mapping[str, bytes]
PASSES = 5  # over all bundles, so that what slows a machine for a while slows them all
ROUNDS = 20  # of each pass
BEGIN = "import sys; f = sys.stdin.buffer; exec(f.read(int(f.readline())))"
NO_PYTHON = (126, 127)  # what a shell ends with
NO_CONNECTION = 255  # what ssh ends with
PARTS = ("feature", "model", "total")
ROUGHLY = 1.01  # rounded times


@dataclass
class Visit:
    """What a machine told.

    Attributes:
        times: name of a bundle -> ms of each round: front end, model, both; shape (rounds, 3).
        machine: what bench.py says of it, and its `governor`.
    """

    times: dict[str, Times] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)


def visit(
    target: Target,
    bundles: Mapping[str, Files],
    python: str = "python3",
    threads: int = 1,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Visit:
    """Times bundles on a machine.

    Args:
        bundles: name -> file name -> content.
        python: its interpreter there, by name or by a path that begins at the user's home.
        told: is given how many timings are done, and of how many, after each.

    Raises:
        UserError: there is no connection, or it was dropped; Python or a package is missing there; a bundle cannot be
            run there; its times are impossible.
    """
    packed = tar_of(bundles)
    plan = {"names": list(bundles), "passes": PASSES, "rounds": ROUNDS, "threads": threads, "bytes": len(packed)}
    source = (SCRIPTS / "_visit.py").read_bytes()
    with Line(target, [python, "-c", BEGIN]) as line:
        line.send(b"%d\n%b%b\n" % (len(source), source, json.dumps(plan).encode()))
        first = line.first(python)
        check_machine(target, python, first)
        began = time.monotonic()
        line.send(packed)
        found, count = Visit(), PASSES * len(bundles)
        rounds: dict[str, list[Times]] = {name: [] for name in bundles}
        for number, (name, bench) in enumerate(line.timings(list(bundles), count), 1):
            rounds[name].append(checked(target, bench, digest(bundles[name][MODEL_FILE])))
            spent = sum(float(times[:, 2].sum()) for each in rounds.values() for times in each)
            if spent > 1000 * (time.monotonic() - began):
                raise impossible(target, "they sum up to more than the time that went by here")
            found.machine = {**bench.get("environment", {}), "governor": first.get("governor")}
            told(number, count)
    found.times = {name: np.concatenate(each) for name, each in rounds.items()}
    return found


def tar_of(bundles: Mapping[str, Files]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for bundle, files in bundles.items():
            for name, content in files.items():
                entry = tarfile.TarInfo(f"{bundle}/{name}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


class Line:
    """A command on another machine, with what it is sent and tells; it ends with the block."""

    def __init__(self, target: Target, remote: list[str]) -> None:
        self.target = target
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115, closed with the line
        try:
            self.process = subprocess.Popen(
                target.command(remote), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors
            )
        except OSError as error:
            self.errors.close()
            raise UserError(
                f"ssh: cannot be run ({error.strerror}), expected OpenSSH's client; install it, such as Debian's "
                "package openssh-client."
            ) from error

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in filter(None, (self.process.stdin, self.process.stdout)):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self.errors.close()

    def send(self, content: bytes) -> None:
        """What the other side does not take shows in what it tells."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(content)
            self.process.stdin.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        """Objects that it tells; what a login shell prints besides is passed over."""
        assert self.process.stdout is not None
        for told in self.process.stdout:
            if told.startswith(MARK.encode()) and told.endswith(b"\n"):
                try:
                    yield dict(json.loads(told[len(MARK) :]))
                except (ValueError, TypeError) as error:
                    raise self.garbled() from error

    def garbled(self) -> UserError:
        return UserError(
            f"{self.target.login}: tells what nobody asked for, and nothing of it is kept; see whether what was named "
            "is a Python, and what a login there prints, then measure again.",
            about="python",
        )

    def ended(self) -> tuple[int, str]:
        """Its exit code, and what it and ssh complained of."""
        code = self.process.wait()
        self.errors.seek(0)
        return code, self.errors.read().decode(errors="replace")

    def first(self, python: str) -> dict[str, Any]:
        """The first message.

        Raises:
            UserError: there is none: no connection, or no Python.
        """
        if (first := next(self.messages(), None)) is not None:
            if not first.keys() >= {"python", "old", "missing"}:
                raise self.garbled()
            return first
        code, told = self.ended()
        if code == NO_CONNECTION:
            raise self.target.refusal(told)
        reason = reason_of(code, told)
        if code in NO_PYTHON:
            raise UserError(
                f"{self.target.login}: has no Python called {python!r} ({reason}); install Python 3.11 or later "
                "there, or say what it is called.",
                about="python",
            )
        raise UserError(
            f"{self.target.login}: {python!r} did not begin ({reason}), expected Python 3.11 or later; say what it is "
            "called.",
            about="python",
        )

    def timings(self, names: Collection[str], count: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Name of a bundle, and what its bench.py found; so many of them.

        Raises:
            UserError: fewer came, or others.
        """
        done = 0
        for message in self.messages():
            if fault := message.get("fault"):
                name = message.get("name")
                which = f"trial {name} cannot be timed" if name else "nothing can be timed"
                raise UserError(
                    f"{self.target.login}: {which} there ({fault}); put right what it says, then measure again."
                )
            if message.get("name") not in names or not isinstance(message.get("found"), dict):
                raise self.garbled()
            yield message["name"], message["found"]
            done += 1
        if done < count:
            code, told = self.ended()
            what = "the connection was dropped" if code == NO_CONNECTION else f"Python ended ({reason_of(code, told)})"
            raise UserError(
                f"{self.target.login}: {what} after {done} of {count} timings, and none of them is kept; measure again."
            )


def reason_of(code: int, told: str) -> str:
    return " ".join(told.split())[-200:] or f"exit code {code}"


def check_machine(target: Target, python: str, first: Mapping[str, Any]) -> None:
    """Raises: UserError: Python is too old, or packages are missing."""
    if first["old"]:
        raise UserError(
            f"{target.login}: {python!r} is Python {first['python']}, expected 3.11 or later; say what a later one is "
            "called there.",
            about="python",
        )
    if first["missing"]:
        raise UserError(
            f"{target.login}: {python!r} lacks {' and '.join(first['missing'])}; there, run 'python3 -m venv env' and "
            "'env/bin/python -m pip install numpy ai-edge-litert', then name env/bin/python.",
            about="python",
        )


def checked(target: Target, bench: Mapping[str, Any], model: str) -> Times:
    """Times of each round in ms, shape (rounds, 3).

    Raises:
        UserError: they cannot be times of this model.
    """
    try:
        same = bench["sha256"] == model
        times = np.array([bench["latency"][part]["rounds"] for part in PARTS], dtype=np.float64).T
    except (LookupError, TypeError, ValueError) as error:
        raise impossible(target, f"they cannot be read: {error}") from error
    if not same:
        raise impossible(target, "they are those of another model")
    if times.shape != (ROUNDS, len(PARTS)) or not np.all(np.isfinite(times)):
        raise impossible(target, f"expected {ROUNDS} finite ones")
    if not np.all(times > 0):
        raise impossible(target, f"one of them is {times.min():g} ms")
    if np.any(times[:, :2].max(axis=1) > ROUGHLY * times[:, 2]):
        raise impossible(target, "a part takes longer than the whole")
    return times


def impossible(target: Target, why: str) -> UserError:
    return UserError(
        f"{target.login}: its times are impossible ({why}), as where a clock jumps; nothing of them is kept: see to "
        "its clock, then measure again."
    )
