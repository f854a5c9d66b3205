"""The training clips of a point: as they were recorded, or altered anew in each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kwssearch.data import DataSet
from kwssearch.features import Augmented, Epoch, FrontEnd, cached_features, cached_levels, noise_bank
from kwssearch.features.front_end import Array
from kwssearch.space import Augmentation

TrainingClips = Array | Augmented


def split_features(data: DataSet, front_end: FrontEnd, cache: Path) -> dict[str, Array]:
    """Split -> features, memory-mapped, computed if they are not yet in the cache."""
    splits = {name: len(clips) for name, clips in data.splits.items()}
    return cached_features(cache / "features", data.fingerprint, front_end, splits, data.audio)


def augmented(data: DataSet, front_end: FrontEnd, augmentation: Augmentation, cache: Path, seed: int) -> Augmented:
    """The training split of a front end, altered. MFCC are made of log-mel features, which are cached in their turn.

    Raises:
        UserError: recorded noise is gone or holds no sound.
    """
    setting = front_end.setting
    mel = FrontEnd(replace(setting, kind="log_mel", coefficients=None), data.sampling_rate)
    magnitudes = split_features(data, mel, cache)["train"]
    levels = cached_levels(
        cache / "features", data.fingerprint, len(data.splits["train"]), data.sampling_rate, data.audio
    )
    return Augmented(magnitudes, levels, noise_bank(augmentation, mel, data), augmentation, setting, seed)


def heard_in(clips: TrainingClips, epoch: int) -> Array | Epoch:
    """What is trained on in an epoch; indexed by arrays of clips."""
    return clips.epoch(epoch) if isinstance(clips, Augmented) else clips


def cost_of(clips: TrainingClips) -> Mapping[str, Any]:
    """What a record says of the altering."""
    return {"augment_epoch_seconds": round(clips.epoch_seconds, 4)} if isinstance(clips, Augmented) else {}
