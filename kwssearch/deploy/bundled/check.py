"""Whether this bundle is whole, and answers here as it did where it was made.

python check.py
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.artefact.classifier import Array
from kwssearch.deploy.bundled.spotter import MODEL, Spotter, described

HERE = Path(__file__).resolve().parent
PARITY = "parity.json"
HOST = "c/kws_host"
FEATURES_APART = 0.01
OUTPUTS_APART = 0.02


@dataclass(frozen=True)
class Vector:
    """A sound, shape (samples,), its features, shape (frames, bands, 1), and the probabilities, shape (classes,)."""

    name: str
    sound: npt.NDArray[np.int16]
    features: Array
    outputs: Array

    def to_dict(self) -> dict[str, Any]:
        """Sound and features are little-endian in base64."""
        return {
            "name": self.name,
            "sound": base64.b64encode(self.sound.astype("<i2").tobytes()).decode(),
            "shape": list(self.features.shape),
            "features": base64.b64encode(self.features.astype("<f4").tobytes()).decode(),
            "outputs": self.outputs.tolist(),
        }

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Vector:
        features = np.frombuffer(base64.b64decode(entry["features"]), "<f4").reshape(entry["shape"])
        sound = np.frombuffer(base64.b64decode(entry["sound"]), "<i2").astype(np.int16)
        return cls(entry["name"], sound, features.astype(np.float32), np.array(entry["outputs"], np.float32))


def parity(folder: Path) -> list[Vector]:
    """The test vectors of a bundle, at the front end's sampling rate."""
    return [Vector.of(entry) for entry in json.loads((folder / PARITY).read_text(encoding="utf-8"))["vectors"]]


def altered(folder: Path) -> Iterator[str]:
    """Files that are missing or not what they were when the bundle was made."""
    for name, digest in described(folder)["sha256"].items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield name


def differences(folder: Path) -> Iterator[tuple[str, float, float, bool]]:
    """For each vector: name, by how much features and probabilities differ at most, whether the word is the same."""
    spotter = Spotter(described(folder), folder / MODEL)
    for vector in parity(folder):
        features = spotter.front_end(vector.sound)
        outputs = spotter.classifier.probabilities(features)
        apart = [float(np.abs(a - b).max()) for a, b in ((features, vector.features), (outputs, vector.outputs))]
        yield vector.name, apart[0], apart[1], bool(outputs.argmax() == vector.outputs.argmax())


def c_differences(folder: Path) -> Iterator[tuple[str, float]]:
    """For each vector: name, and by how much the features of the compiled C front end differ at most."""
    vectors = parity(folder)
    rate = described(folder)["front_end"]["sampling_rate"]
    with tempfile.TemporaryDirectory() as place:
        paths = [str(Path(place, f"{number}.wav")) for number in range(len(vectors))]
        for path, vector in zip(paths, vectors, strict=True):
            with wave.open(path, "wb") as file:
                file.setparams((1, 2, rate, len(vector.sound), "NONE", ""))
                file.writeframes(vector.sound.astype("<i2").tobytes())
        command = [str(folder / HOST), "-f", *paths]
        printed = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True
        ).stdout
    found = [line.split()[1:] for line in printed.splitlines() if line.startswith("features ")]
    for vector, numbers in zip(vectors, found, strict=True):
        yield vector.name, float(np.abs(np.array(numbers, np.float32) - vector.features.ravel()).max())


def main() -> int:
    faults = [f"{name} is missing or was altered; copy the bundle again." for name in altered(HERE)]
    worst = [0.0, 0.0]
    for name, features, outputs, same in differences(HERE):
        worst = [max(worst[0], features), max(worst[1], outputs)]
        if features > FEATURES_APART or outputs > OUTPUTS_APART or not same:
            faults.append(f"{name}: features differ by {features:.2g}, probabilities by {outputs:.2g}.")
    print(f"Features differ by {worst[0]:.2g} at most, probabilities by {worst[1]:.2g}.")
    if (HERE / HOST).exists():
        in_c = dict(c_differences(HERE))
        print(f"Features in C differ by {max(in_c.values()):.2g} at most.")
        faults += [f"{name}: in C by {apart:.2g}." for name, apart in in_c.items() if apart > FEATURES_APART]
    for fault in faults:
        print(f"Error: {fault}", file=sys.stderr)
    print("The bundle is not what it should be." if faults else "The bundle answers as it should.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
