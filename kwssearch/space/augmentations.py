"""Named ways to alter clips while a model trains: what a space's [augmentation.NAME] tables hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kwssearch.errors import SpaceError, UserError
from kwssearch.space.axes import UNALTERED
from kwssearch.space.schema import Field, Table, is_number, number, text
from kwssearch.space.settings import FeatureSetting
from kwssearch.system.sounds import content_digest, sound_files

KINDS = ("white", "pink", "brown", "babble")
SNR_DB = [-5, 25]


@dataclass(frozen=True)
class Augmentation:
    """How training clips are moved in time and mixed with noise, anew in each epoch.

    Attributes:
        shift_ms: a clip begins up to so much earlier or later, in whole frames.
        noise_share: of the clips that get noise.
        noise_snr_db: lowest and highest signal-to-noise ratio, evenly in decibels; None where `noise_volume` holds.
        noise_volume: the loudest noise, evenly from none, where 1 has a root mean square of 0.3 of full scale (the
            convention of Speech Commands); None where `noise_snr_db` holds.
        noise_kinds: made kinds, all alike often.
        noise: a folder of recorded noise, which is one more kind; '' for none.
        noise_digest: of what it held when the space was read; '' for no folder.
    """

    shift_ms: float = 100.0
    noise_share: float = 0.8
    noise_snr_db: tuple[float, float] | None = (-5.0, 25.0)
    noise_volume: float | None = None
    noise_kinds: tuple[str, ...] = KINDS
    noise: str = ""
    noise_digest: str = ""

    def shift_frames(self, setting: FeatureSetting) -> int:
        """The most frames that a clip moves."""
        return int(self.shift_ms * setting.sampling_rate / 1000 / setting.frame_step + 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """Its keys in a space, JSON-ready; only those that say something."""
        listed = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {key: value for key, value in listed.items() if value not in (None, "")}

    def with_folder(self, place: Callable[[str], str]) -> Augmentation:
        """The same with its folder named otherwise."""
        return replace(self, noise=place(self.noise)) if self.noise else self

    def described(self) -> dict[str, Any]:
        """All that determines a training, wherever the noise lies."""
        return {key: value for key, value in self.to_dict().items() if key != "noise"}


def is_range(value: Any) -> bool:
    """Whether a value is two decibels, the second not below the first."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(is_number(each) and -40 <= each <= 60 for each in value)
        and value[0] <= value[1]
    )


def are_kinds(value: Any) -> bool:
    return isinstance(value, list) and all(kind in KINDS for kind in value) and len(set(value)) == len(value)


AUGMENTATION = {
    "shift_ms": number(0, 1000, "a number of milliseconds from 0 to 1000", Augmentation.shift_ms),
    "noise_share": number(0, 1, "a share of the clips from 0 to 1", Augmentation.noise_share),
    "noise_snr_db": Field("two numbers of dB from -40 to 60, the lowest and the highest", is_range, SNR_DB),
    "noise_volume": Field(
        "a number above 0 and up to 1, instead of noise_snr_db", lambda v: is_number(v) and 0 < v <= 1, None
    ),
    "noise_kinds": Field(f"a list of some of {', '.join(map(repr, KINDS))}, each once", are_kinds, list(KINDS)),
    "noise": Field("a folder of recorded noise, or '' for none", lambda v: isinstance(v, str) and v.isprintable(), ""),
}
RECORDED = {"noise_digest": text("", empty=True)}  # by a run


def read_augmentations(place: str, content: Mapping[str, Any], folder: Path) -> dict[str, Augmentation]:
    """Name -> augmentation.

    Args:
        folder: from which folders of noise are seen.

    Raises:
        SpaceError: the first fault, also of a folder of noise.
    """
    table = Table(f"{place}: augmentation", content.get("augmentation", {}))
    for name, entry in table.content.items():
        table.check("name", name, text())
        if not isinstance(entry, Mapping):
            raise table.fault(name, entry, "a table of its own, such as [augmentation.room]")
        if name == UNALTERED:
            raise SpaceError(f"{table.place}: got the name {UNALTERED!r}, expected another one: it stands for none.")
    return {
        name: read_augmentation(Table(f"{table.place}.{name}", entry), folder) for name, entry in table.content.items()
    }


def read_augmentation(table: Table, folder: Path) -> Augmentation:
    values = table.read({**AUGMENTATION, **RECORDED})
    if values["noise_volume"] is not None:
        if "noise_snr_db" in table.content:
            raise table.fault("noise_volume", values["noise_volume"], "none beside noise_snr_db: one of them is enough")
        values["noise_snr_db"] = None
    if not values["noise_share"] and not values["shift_ms"]:
        raise SpaceError(f"{table.place}: alters nothing, expected shift_ms or noise_share above 0.")
    if values["noise_share"] and not values["noise_kinds"] and not values["noise"]:
        raise table.fault("noise_kinds", [], f"some of {', '.join(KINDS)}, or a folder of noise, or noise_share = 0")
    noise = values["noise"] and os.path.normpath(folder / os.path.expanduser(values["noise"]))
    digest = values["noise_digest"] or (noise and noise_digest(table, Path(noise)))
    read = {key: as_kept(value) for key, value in values.items()}
    return Augmentation(**{**read, "noise": noise, "noise_digest": digest})


def as_kept(value: Any) -> Any:
    """A declared value in the one form that names of trainings know: 100 is 100.0."""
    if isinstance(value, list):
        return tuple(map(as_kept, value))
    return float(value) if isinstance(value, int) else value


def noise_digest(table: Table, noise: Path) -> str:
    """Of what a folder of noise holds.

    Raises:
        SpaceError: it holds no sound, or cannot be read.
    """
    try:
        return content_digest(noise, sound_files(noise))
    except UserError as error:
        raise SpaceError(f"{table.place}: noise: {error}") from error
    except OSError as error:
        raise SpaceError(
            f"{table.place}: noise: {noise} cannot be read ({error.strerror}); make it readable."
        ) from error


def check_shift(place: str, name: str, augmentation: Augmentation, setting: FeatureSetting) -> None:
    """Raises: SpaceError: it cannot move the frames of a front end, or moves all of them away."""
    step = 1000 * setting.frame_step / setting.sampling_rate
    as_declared = int(augmentation.shift_ms) if augmentation.shift_ms.is_integer() else augmentation.shift_ms
    table = Table(f"{place}: augmentation.{name}", {})
    if augmentation.shift_ms and not augmentation.shift_frames(setting):
        raise table.fault(
            "shift_ms", as_declared,
            f"0 or at least {step:g}: clips move by whole frames, {step:g} ms in features {setting.name!r}",
        )  # fmt: skip
    if augmentation.shift_frames(setting) >= setting.shape[0]:
        raise table.fault(
            "shift_ms", as_declared,
            f"less than the window of {1000 * setting.window_s:g} ms, from which features {setting.name!r} would move",
        )  # fmt: skip
