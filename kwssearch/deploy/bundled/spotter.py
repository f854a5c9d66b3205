"""A model and all that it needs to answer: from sound to words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kwssearch.artefact.classifier import Array, Classifier
from kwssearch.artefact.detector import Detector, DetectorSetting, Samples, listen, windows
from kwssearch.features.front_end import FrontEnd

DESCRIPTION = "model.json"
MODEL = "model.tflite"


class Spotter:
    """Probabilities of a window of sound, or the words of a stream.

    Args:
        description: what model.json holds.
        model: the .tflite: its path, or its bytes.
        rate: samples a second of the sound that will come in; the front end's own by default.
        threshold: instead of the description's.

    Raises:
        ValueError: the detector of the description is none.
    """

    def __init__(
        self,
        description: Mapping[str, Any],
        model: Path | bytes,
        rate: int | None = None,
        threshold: float | None = None,
    ) -> None:
        figures = SimpleNamespace(**description["front_end"])
        given = {} if threshold is None else {"threshold": threshold}
        self.words: list[str] = description["words"]
        self.keywords: list[int] = description["keywords"]
        self.detection = DetectorSetting(**{**description["detector"], **given})
        self.rate: int = rate or figures.sampling_rate
        self.window = round(figures.samples * self.rate / figures.sampling_rate)
        self.hop = max(1, round(self.detection.hop_s * self.rate))
        if self.hop > self.window:
            raise ValueError(f"hop_s: got {self.detection.hop_s}, expected no more than the window; correct it.")
        self.front_end = FrontEnd(figures, self.rate)
        self.classifier = Classifier(model)

    def __call__(self, samples: Samples) -> Array:
        """Probabilities, shape (classes,), of samples, shape (n,), n up to `window`."""
        return self.classifier.probabilities(self.front_end(samples))

    def listen(self, blocks: Iterable[Samples]) -> Iterator[tuple[float, Array, int | None]]:
        """For each window of a stream: seconds up to its end, smoothed probabilities, the class heard in it, if any."""
        detector = Detector(self.keywords, self.detection)
        for end, smoothed, heard in listen(windows(blocks, self.window, self.hop), self, detector):
            yield end / self.rate, smoothed, heard


def described(folder: Path) -> dict[str, Any]:
    """What a bundle says of its model.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    found: dict[str, Any] = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    return found
