"""How long a training step of a model takes on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kwssearch import backend
from kwssearch.training.hypermodel import KwsHyperModel
from kwssearch.training.hyperparameters import hyperparameters
from kwssearch.training.trainer import STEPS_A_CALL, Trainer

LEAST_SECONDS, MOST_CALLS = 1.0, 20


def step_seconds(hypermodel: KwsHyperModel, values: Mapping[str, Any]) -> float:
    """Seconds of a step once the graph is compiled, on made-up features; of one core."""
    space = hypermodel.space
    backend.start_anew(0)
    model = hypermodel.build(hyperparameters(space, values))
    batch_size = space.recipe_of(values).batch_size
    rng = np.random.default_rng(0)
    clips, classes = STEPS_A_CALL * batch_size, len(hypermodel.clips.words)
    features = rng.standard_normal((clips, *space.features[values["features"]].shape), dtype=np.float32)
    trainer = Trainer(model, features, rng.integers(classes, size=clips), batch_size, 0)
    trainer.run(STEPS_A_CALL)
    before = trainer.cpu_seconds
    calls = 0
    while calls < MOST_CALLS and (calls == 0 or trainer.cpu_seconds - before < LEAST_SECONDS):
        calls += 1
        trainer.run((1 + calls) * STEPS_A_CALL)
    return (trainer.cpu_seconds - before) / (calls * STEPS_A_CALL)
