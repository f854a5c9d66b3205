"""What to consider before a trial's accuracy, or any accuracy of a run, is believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kwssearch.analysis.binomial import wilson
from kwssearch.analysis.words import by_word
from kwssearch.analysis.worlds import Worlds
from kwssearch.errors import counted
from kwssearch.runs import Execution, Run, Trial

DISCORDANT = 6  # clips, all in favour of one model, that chance gives in less than 5 % of cases
COARSE = 0.05  # a share of clips
FEW_SPEAKERS = 5
DOUBTFUL_AGREEMENT = 0.95  # of a quantised file's labels with its float32 twin's
LOST = 0.1  # a share of the training clips
MOST_IDS = 12
ROUNDING_STEPS = 32  # of 256; a softmax makes some out of one


def trial_cautions(worlds: Worlds, trial: Trial) -> list[str]:
    """Phrases on one completed trial, without its name."""
    run, found = worlds.run, []
    clips, labels = len(run.labels), np.bincount(run.labels, minlength=len(run.words))
    common = int(labels.argmax())
    if wilson(trial.accuracy * clips, clips)[0] <= labels[common] / clips:
        share = f"{100 * labels[common] / clips:.1f} %"
        found.append(f"no better than always answering {run.words[common]!r}, which is right for {share} of the clips")
    words = by_word(run, trial)
    never = [f"{word!r}" for word, recall in zip(run.words, words.recall, strict=True) if recall == 0]
    if never:
        found.append(f"never recognises {', '.join(never)}")
    if any(lost_on_the_way(execution) > LOST for execution in trial.executions):
        points = f"{100 * LOST:.0f} points"
        found.append(f"the file answers training clips worse than the last epoch did, by over {points}; train longer")
    if trial.known("twin_agreement") and (alike := trial.mean("twin_agreement")) < DOUBTFUL_AGREEMENT:
        found.append(f"answers as its float32 file does on only {100 * alike:.1f} % of the test clips")
    if worst := max(steps_in_micro(execution) for execution in trial.executions):
        found.append(
            f"answers otherwise in TensorFlow Lite Micro, by up to {worst} of 256 steps; a microcontroller would, too"
        )
    if worlds.seed_spread.unstable[worlds.place[trial.trial_id]]:
        accuracies = [execution["accuracy"] for execution in trial.executions]
        reach = f"{100 * min(accuracies):.1f} to {100 * max(accuracies):.1f} %"
        found.append(f"differs over seeds far more than the others ({reach}), and has an interval of its own")
    return found


def steps_in_micro(execution: Execution) -> int:
    """By how many of 256 steps answers differ in TensorFlow Lite Micro, where that is more than rounding."""
    found = execution.record.get("micro")
    steps = int(found.get("largest_step", 0)) if isinstance(found, dict) else 0
    return steps if steps > ROUNDING_STEPS else 0


def lost_on_the_way(execution: Execution) -> float:
    """Training accuracy of the last epoch less that of the file; 0 where older records do not say."""
    history, own = execution.record.get("history"), execution.record.get("training_accuracy")
    if not isinstance(history, list) or not history or not isinstance(own, float):
        return 0.0
    return float(history[-1]["accuracy"]) - own


def grouped(cautions: Sequence[tuple[str, str]]) -> list[str]:
    """A sentence for each phrase, with the ids of all trials that it is about, from (id, phrase)."""
    by_phrase: dict[str, list[str]] = {}
    for trial_id, phrase in cautions:
        by_phrase.setdefault(phrase, []).append(trial_id)
    return [f"{trials_named(ids)}: {phrase}." for phrase, ids in by_phrase.items()]


def trials_named(ids: Sequence[str]) -> str:
    """'Trial 03', 'Trials 03, 04', and no more than a dozen."""
    shown = ", ".join(ids[:MOST_IDS]) + (", ..." if len(ids) > MOST_IDS else "")
    return f"{'Trial' if len(ids) == 1 else 'Trials'} {shown}"


def split_cautions(run: Run) -> list[str]:
    """Sentences on a test split that says little."""
    found = []
    clips, speakers = len(run.labels), len(np.unique(run.speakers))
    if DISCORDANT / clips > COARSE:
        apart = f"{100 * DISCORDANT / clips:.0f} points" if clips >= DISCORDANT else "more than there are"
        found.append(
            f"The test split has only {counted(clips, 'clip')}: two models must differ on at least {DISCORDANT} of "
            f"them ({apart}) to be told apart. Collect more."
        )
    if speakers < FEW_SPEAKERS:
        found.append(
            f"The test split has only {counted(speakers, 'speaker')}: nothing here says how models do with others."
        )
    counts = np.bincount(run.labels, minlength=len(run.words))
    rare = [f"{word!r} ({count})" for word, count in zip(run.words, counts, strict=True) if count < DISCORDANT]
    if rare and clips >= DISCORDANT * len(run.words):
        found.append(f"Words with hardly any test clips: {', '.join(rare)}. Their recall says little.")
    return found
