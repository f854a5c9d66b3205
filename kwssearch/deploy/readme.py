"""The README of a bundle, made for its model."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from kwssearch.errors import counted, printable

WIDTH = 120
DATA_LICENCES = {
    "msc": "Mini Speech Commands, a part of Speech Commands (Warden, 2018), CC BY 4.0; name it with the model",
    "builtin": "synthetic speech of espeak-ng; figures on it say nothing about people",
}


def readme(description: Mapping[str, Any]) -> str:
    """Markdown; `description` is what model.json says, but for digests."""
    parts = [head(description), figures(description), PYTHON, input_text(description), stream_text(description)]
    if "c" in description:
        parts.append(c_text(description["c"]))
    blocks = "\n\n".join([*parts, licences(description)]).split("\n\n")
    return "\n\n".join(map(filled, blocks)) + "\n"


def filled(block: str) -> str:
    """Prose and lists in lines of at most `WIDTH`; headings, rows of tables and code as they are."""
    if block.startswith(("#", "|", "    ")):
        return block
    return "\n".join(
        textwrap.fill(
            " ".join(item.split()),
            WIDTH,
            subsequent_indent="  " if item.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in re.split(r"\n(?=- )", block)
    )


def head(description: Mapping[str, Any]) -> str:
    words = ", ".join(f"`{printable(word)}`" for word in description["words"])
    return f"""# {description["name"]}

A keyword-spotting model that tells {counted(len(description["words"]), "class", "classes")} apart: {words}.
It is trial {description["provenance"]["trial_id"]} of a search with kwssearch; `model.json` has all that is known."""


def figures(description: Mapping[str, Any]) -> str:
    return "\n".join(("| figure | value |", "|---|---|", *(f"| {n} | {v} |" for n, v in figure_rows(description))))


def figure_rows(description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found = description["figures"]
    accuracy, latency = found["accuracy"], found["latency_ms"]
    low, high = 100 * accuracy["low"], 100 * accuracy["high"]
    yield (
        "accuracy",
        f"{100 * accuracy['value']:.1f} % (95 % interval {low:.1f} to {high:.1f} %), {accuracy['clips']:,} test clips",
    )
    yield "size", f"{found['tflite_bytes'] / 1000:.1f} kB, zipped {found['memory_bytes'] / 1000:.1f} kB"
    if "activation_bytes" in found:
        yield "RAM of activations", f"{found['activation_bytes'] / 1000:.1f} kB"
    if "arena_bytes" in found:
        yield "arena in TensorFlow Lite Micro", f"{found['arena_bytes'] / 1000:.1f} kB on a 64-bit host"
    yield "multiply-accumulates", f"{found['macs'] / 1e6:.2f} million a window"
    where = description["provenance"]["timed_on"] or description["provenance"]["trained_on"]
    beside = ", measured beside training" if latency.get("provisional") else ""
    yield "latency", f"{latency['value']:.2f} ms on {where.get('cpu', 'a machine not named')}{beside}"


PYTHON = """## On a computer or a Raspberry Pi

Python 3.11 or later with two packages, in an environment of its own:

    python3 -m venv env
    env/bin/python -m pip install numpy "ai-edge-litert>=2.1"
    env/bin/python check.py
    env/bin/python classify.py recording.wav
    env/bin/python bench.py --out bench.json

`check.py` compares this machine's features and probabilities of ten sounds with those of the machine that exported the
bundle (`parity.json`). `classify.py` takes WAVs of 16-bit PCM, of any rate and length; `--json` prints all
probabilities. `bench.py` times the model here. To listen to a microphone, install `sounddevice` too (and PortAudio:
`apt install libportaudio2`):

    env/bin/python classify.py --microphone"""


def input_text(description: Mapping[str, Any]) -> str:
    front_end, given = description["front_end"], description["input"]
    rate = front_end["sampling_rate"]
    kind = f"{front_end['mel_bins']} mel bands from {front_end['lower_hz']:g} to {front_end['upper_hz']:g} Hz"
    if front_end["coefficients"]:
        kind += f", and {front_end['coefficients']} coefficients of their logarithms"
    steps = "as they are, in float32"
    if given["type"] == "int8":
        steps = f"as int8, `round(x / {given['scale']:.9g}) + {given['zero_point']}` within -128 and 127"
    return f"""## What it takes and gives

- {front_end["samples"] / rate:g} s of sound at {rate:,} Hz, mono;
- frames of {front_end["frame_length"]} samples, one each {front_end["frame_step"]}: {kind} (`front_end.py`, the code
  that made the features for training);
- the model takes them, shape {given["shape"]}, {steps};
- it gives a probability for each class, in the order above."""


def stream_text(description: Mapping[str, Any]) -> str:
    detector = description["detector"]
    return f"""## Streams

A window begins each {detector["hop_s"]:g} s. The probabilities of the latest {detector["smoothing"]} windows are
averaged; a word whose mean reaches {detector["threshold"]:g} is heard, and nothing more for
{detector["suppression_s"]:g} s. The values are in `model.json`; the threshold is one to begin with: accuracy on clips
says nothing about false alarms. A model that was trained on words alone takes every sound for one of them."""


def c_text(figures: Mapping[str, Any]) -> str:
    return f"""## On a microcontroller

`c/` has the front end and the detector in C99, without a heap, and glue for TensorFlow Lite Micro. On a computer:

    make -C c
    c/kws_host recording.wav < /dev/null

prints the model's input for each window; with a program at its other end that answers (`main.c` says how), also the
scores and words. `check.py` then compares the features in C as well. `kws.h` says how to
call it; `kws_tflm.cc` is compiled with TensorFlow Lite Micro, and registers just the operators of this model. Sound
must come at {figures["sampling_rate"]:,} Hz.

| cost | |
|---|---|
| tables, in flash | {figures["table_bytes"]:,} bytes |
| model, in flash | {figures["model_bytes"]:,} bytes |
| state, in RAM | {figures["state_bytes"]:,} bytes |
| stack | at most {figures["stack_bytes"]:,} bytes, without the C library's and the model's |
| arena | {figures["arena_bytes"]:,} bytes to begin with; print `kws_tflm_arena_used()` and cut it down |
| front end | {figures["operations_per_window"]:,} multiplications and additions a window |"""


def licences(description: Mapping[str, Any]) -> str:
    name = description["provenance"]["data"]["name"]
    terms = DATA_LICENCES.get(name, f"`{name}`: whoever recorded it says what may be done with it")
    return f"""## Licences

- Code: Apache-2.0 (`LICENSE`).
- What the model was trained on: {terms}.
- Not in this folder: NumPy (BSD-3-Clause), LiteRT and TensorFlow Lite Micro (Apache-2.0)."""
