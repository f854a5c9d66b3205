"""What a trial makes of each word: recall, precision, and what it takes words for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.analysis.binomial import wilson
from kwssearch.analysis.interval import Floats
from kwssearch.runs import Run, Trial


@dataclass(frozen=True)
class ByWord:
    """A trial on the test split, word by word.

    Attributes:
        words: class names.
        confusions: test clips of word i that were taken for word j, a mean over executions; shape (words, words).
    """

    words: tuple[str, ...]
    confusions: Floats

    @property
    def clips(self) -> Floats:
        """Test clips of each word; shape (words,)."""
        return np.asarray(self.confusions.sum(axis=1))

    @cached_property
    def recall(self) -> Floats:
        """Share of a word's clips that are recognised, NaN without any; shape (words,)."""
        return shares(np.diag(self.confusions), self.clips)

    @cached_property
    def precision(self) -> Floats:
        """Share of a word's answers that are right, NaN without any; shape (words,)."""
        return shares(np.diag(self.confusions), self.confusions.sum(axis=0))

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall over the words that have clips."""
        return float(np.nanmean(self.recall))

    def mistakes(self) -> list[tuple[str, str, float]]:
        """Word, what it was taken for, and how many clips, most first."""
        wrong = self.confusions * (1 - np.eye(len(self.words)))
        order = np.argsort(-wrong, axis=None, kind="stable")
        pairs = [np.unravel_index(i, wrong.shape) for i in order]
        return [(self.words[i], self.words[j], float(wrong[i, j])) for i, j in pairs if wrong[i, j] > 0]

    def to_dict(self) -> dict[str, Any]:
        return {
            "balanced_accuracy": self.balanced_accuracy,
            "words": [self.word_dict(i) for i in range(len(self.words))],
            "mistakes": [{"word": word, "taken_for": other, "clips": clips} for word, other, clips in self.mistakes()],
        }

    def word_dict(self, index: int) -> dict[str, Any]:
        clips, recall = round(float(self.clips[index])), float(self.recall[index])
        low, high = wilson(recall * clips, clips) if clips else (None, None)
        return {
            "word": self.words[index],
            "clips": clips,
            "recall": known(recall),
            "recall_low": low,
            "recall_high": high,
            "precision": known(float(self.precision[index])),
        }


def shares(parts: Floats, wholes: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(parts / wholes)


def known(share: float) -> float | None:
    return None if np.isnan(share) else share


def by_word(run: Run, trial: Trial) -> ByWord:
    """A completed trial's answers on the test split."""
    size = len(run.words)
    pairs: npt.NDArray[np.int64] = np.concatenate([run.labels * size + e.predictions for e in trial.executions])
    counts = np.bincount(pairs, minlength=size * size).reshape(size, size)
    return ByWord(run.words, counts / len(trial.executions))
