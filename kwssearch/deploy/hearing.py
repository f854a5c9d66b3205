"""Models of a run, ready to listen to a stream."""

from __future__ import annotations

from collections.abc import Sequence

from kwssearch.deploy.shipped import find_model
from kwssearch.listening import Model, trials_to_hear
from kwssearch.runs import Run


def models_to_hear(run: Run, trial_ids: Sequence[str] = ()) -> list[Model]:
    """Of the trials that are named, each once, or of those on the front.

    Raises:
        QuantityError: no such trial.
        UserError: none is completed, or a model is gone or another one.
    """
    shipped = [find_model(run, trial_id) for trial_id in trials_to_hear(run, trial_ids)]
    models = [
        Model(
            each.trial.trial_id, each.trial.name, each.content, each.front_end, tuple(each.keywords),
            each.execution["macs"],
        )
        for each in shipped
    ]  # fmt: skip
    return list({model.trial_id: model for model in models}.values())
