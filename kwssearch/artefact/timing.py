"""The latency of a .tflite as it is measured beside training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from kwssearch.artefact.classifier import Array, Classifier, Samples, sample


def latency(front_end: Callable[[Samples], Array], path: Path, clips: Sequence[Samples]) -> dict[str, Any]:
    """Medians over the clips, in ms, on one thread, after a warm-up of a tenth of them."""
    with threadpool_limits(1):
        classifier = Classifier(path)
        sample(front_end, classifier, clips[: 1 + len(clips) // 10])
        feature, model, total = np.median(sample(front_end, classifier, clips), axis=0) * 1000
    return {
        "latency_ms": round(float(total), 5),
        "feature_latency_ms": round(float(feature), 5),
        "model_latency_ms": round(float(model), 5),
    }
