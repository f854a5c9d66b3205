"""What a microcontroller needs, in C99, with C++ where TensorFlow Lite Micro is called."""

from __future__ import annotations

import string
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.artefact import Artefact, micro
from kwssearch.artefact.checks import operator_name
from kwssearch.deploy.c_front_end import CFrontEnd, array, c_float
from kwssearch.deploy.shipped import Shipped
from kwssearch.errors import UserError

SOURCES = Path(__file__).with_name("c")
STACK_BYTES = 512  # of all functions together; a test adds up what the compiler says
TAIL_BYTES = 1536  # of the arena, for each operator and once more, where it was not measured
NAMES = {"PADV2": "PadV2"}  # as MicroMutableOpResolver spells them where the rule fails
CHOICES = ("HOP_FRAMES", "SMOOTHING", "THRESHOLD", "SUPPRESSION", "ARENA_BYTES")
CONFIG_HEAD = """\
/* The setting of the front end and of the model, which must stay, and choices, which a compiler's option replaces, such
 * as -DKWS_THRESHOLD=0.9f. KWS_SUPPRESSION counts hops, a hop KWS_HOP_FRAMES frames. */
#ifndef KWS_CONFIG_H
#define KWS_CONFIG_H
"""
PLAIN = frozenset((string.ascii_letters + string.digits + " _-").encode())


def c_files(shipped: Shipped) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Name -> content of each file, and what they cost: bytes, and operations a window.

    Raises:
        UserError: TensorFlow Lite Micro does not take the model.
    """
    check_taken(shipped)
    front_end, arena = CFrontEnd(shipped.front_end), arena_bytes(shipped)
    names = [resolver_name(name) for name in operators(shipped.artefact)]
    files = {path.name: path.read_bytes() for path in sorted(SOURCES.iterdir())}
    files |= {
        "kws_config.h": config(shipped, front_end, arena).encode(),
        "kws_tables.c": tables(shipped, front_end).encode(),
        "kws_operators.h": operators_header(names).encode(),
        "model_data.cc": model_data(shipped.content).encode(),
    }
    costs = {
        "sampling_rate": front_end.setting.sampling_rate,
        "operators": names,
        "table_bytes": front_end.table_bytes,
        "model_bytes": len(shipped.content),
        "state_bytes": state_bytes(shipped, front_end),
        "stack_bytes": STACK_BYTES,
        "arena_bytes": arena,
        "operations_per_window": front_end.operations,
        "roots_per_window": front_end.setting.shape[0] * front_end.bins[1],
        "logarithms_per_window": front_end.setting.shape[0] * front_end.setting.mel_bins,
    }
    return files, costs


def check_taken(shipped: Shipped) -> None:
    found = shipped.execution.record.get("micro", {})
    if found.get("accepted", shipped.quantization in ("none", "int8")):
        return
    raise UserError(
        f"trial {shipped.trial.trial_id}: TensorFlow Lite Micro does not take a file with quantization "
        f"{shipped.quantization!r}, expected 'int8' or 'none'; export such a trial, or this one without C."
    )


def arena_bytes(shipped: Shipped) -> int:
    """What TensorFlow Lite Micro took on a 64-bit host, in whole 16 bytes; where it was not tried, more than that."""
    measured = shipped.execution.record.get("micro", {}).get("arena_bytes")
    if measured is None and micro.available():
        clip = np.zeros((1, *shipped.front_end.shape), np.float32)
        measured = micro.micro_figures(shipped.content, clip).get("arena_bytes")
    artefact = shipped.artefact
    found = measured or artefact.activation_bytes + TAIL_BYTES * (1 + len(artefact.graph.operators))
    return -(-found // 16) * 16


def config(shipped: Shipped, front_end: CFrontEnd, arena: int) -> str:
    setting, detector = front_end.setting, shipped.detector
    constants = {
        **front_end.constants(),
        "CLASSES": len(shipped.run.words),
        "KEYWORDS": len(shipped.keywords),
        "HOP_FRAMES": round(detector.hop_s * setting.sampling_rate / setting.frame_step),
        "SMOOTHING": detector.smoothing,
        "THRESHOLD": np.float32(detector.threshold),
        "SUPPRESSION": detector.suppression,
        "ARENA_BYTES": arena,
        "INT8": int(shipped.artefact.input_quantization is not None),
    }
    ends = {"INPUT": shipped.artefact.input_quantization, "OUTPUT": shipped.artefact.output_quantization}
    for end, steps in ends.items():
        if steps is not None:
            constants |= {f"{end}_SCALE": np.float32(steps[0]), f"{end}_ZERO": np.float32(steps[1])}
    lines = [definition(name, value) for name, value in constants.items()]
    return "\n".join([CONFIG_HEAD, *lines, "\n#endif\n"])


def definition(name: str, value: Any) -> str:
    defined = f"#define KWS_{name} {c_float(value) if isinstance(value, np.float32) else value}"
    return f"#ifndef KWS_{name}\n{defined}\n#endif" if name in CHOICES else defined


def tables(shipped: Shipped, front_end: CFrontEnd) -> str:
    parts = [
        '/* Generated from the front end\'s setting. */\n#include "kws_tables.h"\n',
        array("char *const kws_words[KWS_CLASSES]", map(c_string, shipped.run.words)),
        array("uint32_t kws_keywords[KWS_KEYWORDS]", map(str, shipped.keywords)),
        front_end.tables(),
    ]
    return "\n".join(parts)


def c_string(text: str) -> str:
    """A literal of any text; octal digits stand for what might mean something in C."""
    return '"' + "".join(chr(b) if b in PLAIN else f"\\{b:03o}" for b in text.encode()) + '"'


def operators(artefact: Artefact) -> list[str]:
    """Names in the schema of the operators that a file has, each once."""
    return sorted({operator_name(artefact.kind(operator)) for operator in artefact.graph.operators})


def resolver_name(name: str) -> str:
    """CONV_2D as MicroMutableOpResolver has it: Conv2D."""
    return NAMES.get(name) or "".join(part if part[0].isdigit() else part.capitalize() for part in name.split("_"))


def operators_header(names: Iterable[str]) -> str:
    calls = " ||\n      ".join(f"resolver.Add{name}() != kTfLiteOk" for name in names)
    return f"""// The operators that the model has.
#ifndef KWS_OPERATORS_H
#define KWS_OPERATORS_H

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

#define KWS_OPERATORS {len(list(names))}

static inline TfLiteStatus kws_add_operators(tflite::MicroMutableOpResolver<KWS_OPERATORS>& resolver) {{
  if ({calls}) {{
    return kTfLiteError;
  }}
  return kTfLiteOk;
}}

#endif
"""


def model_data(content: bytes) -> str:
    values = array("unsigned char kws_model_data[]", (f"0x{byte:02x}" for byte in content))
    return f'#include "model_data.h"\n\nalignas(16) {values}\n' + (
        f"const unsigned int kws_model_data_length = {len(content)};\n"
    )


def state_bytes(shipped: Shipped, front_end: CFrontEnd) -> int:
    """Of a kws_stream where pointers and sizes have 4 bytes."""
    setting, detector, classes = front_end.setting, shipped.detector, len(shipped.run.words)
    number = 1 if shipped.artefact.input_quantization else 4
    numbers = number * (setting.shape[0] * setting.shape[1] + classes)
    words = 2 + classes + 2 + 3 + detector.smoothing * classes + 3 + classes
    return 4 * words + -(-(2 * setting.frame_length + numbers) // 4) * 4 + front_end.work_bytes
