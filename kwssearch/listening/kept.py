"""Streams that are made once and kept in the user's cache: what they hold, and the frames that front ends see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.artefact.classifier import Array
from kwssearch.data import DataSet
from kwssearch.data.tree import BACKGROUND, SILENT
from kwssearch.features import VERSION
from kwssearch.features.kept import kept_somewhere
from kwssearch.listening.hearing import Heard, Listener, Model, detector, told
from kwssearch.listening.stream import Stream, opened, recipe_name
from kwssearch.listening.truth import Keyword, Part, Truth
from kwssearch.listening.windows import WindowFeatures, windows_of
from kwssearch.space import FeatureSetting, StreamSettings
from kwssearch.system.cache import cache_folder
from kwssearch.system.environment import installed, versions
from kwssearch.system.steps import steps
from kwssearch.system.storage import read_json, write_json

STREAM_FILE = "stream.json"
PIECE = 1000  # windows that are heard at a time
MIXED_BY = ("numpy", "scipy", "espeakng-loader", "soundfile")


@dataclass(frozen=True)
class KeptStream:
    """A stream of a split, as front ends see it.

    Attributes:
        name: of its recipe.
        description: what streams.json says of it.
        rate: samples a second.
    """

    folder: Path
    name: str
    description: Mapping[str, Any]
    sha256: str
    truth: Truth

    @property
    def rate(self) -> int:
        return int(self.description["rate"])

    def frames(self, setting: FeatureSetting) -> Array:
        """Shape (frames, bands or coefficients), memory-mapped; see `WindowFeatures.frames`."""
        values = np.memmap(self.folder / frames_file(setting), "<f4", "r")
        return values.reshape(-1, setting.shape[1])

    def heard_by(self, model: Model, settings: StreamSettings) -> Heard:
        """What a model makes of it; the same as `hear` gives."""
        features = WindowFeatures(model.front_end, self.rate, settings.hop_ms)
        listener = Listener(model, detector(settings, features.hop_s))
        frames, length = self.frames(model.front_end), model.front_end.shape[0]
        step = PIECE * features.stride
        for start in range(0, len(frames), step):
            listener(windows_of(frames[start : start + step + length - features.stride], length, features.stride))
        return listener.heard(features.window_s)


def kept_stream(
    data: DataSet, split: str, settings: StreamSettings, front_ends: Sequence[FeatureSetting]
) -> KeptStream:
    """The stream of a split: from the cache, else made.

    Raises:
        UserError: something that it needs is not there, or it has no room for a keyword.
    """
    key = cache_key(data, split, settings, front_ends)

    def make(place: Path) -> None:
        with opened(data, split, settings) as stream:
            write(place, stream, settings, front_ends)

    folder = kept_somewhere(cache_folder() / "streams", key, make, f"the {split} stream, {settings.hours:g} h")
    record = read_json(folder / STREAM_FILE)
    return KeptStream(folder, record["name"], record["description"], record["sha256"], as_truth(record["truth"]))


def write(place: Path, stream: Stream, settings: StreamSettings, front_ends: Sequence[FeatureSetting]) -> None:
    """Fills an empty folder with the frames of a stream and what it holds."""
    features = {setting: WindowFeatures(setting, stream.rate, settings.hop_ms) for setting in front_ends}
    digest = hashlib.sha256()
    with steps(f"Making the {stream.split} stream") as show, ExitStack() as files:
        written = {setting: files.enter_context(open(place / frames_file(setting), "wb")) for setting in front_ends}
        for block in told(stream, show):
            digest.update(block.astype("<i2", copy=False).tobytes())
            for setting, file in written.items():
                file.write(features[setting].frames(block).astype("<f4", copy=False).tobytes())
    record = {
        "name": stream.name,
        "description": stream.describe(),
        "sha256": digest.hexdigest(),
        "truth": asdict(stream.truth),
    }
    write_json(place / STREAM_FILE, record)


def as_truth(record: Mapping[str, Any]) -> Truth:
    parts = tuple(Part(**part) for part in record["parts"])
    keywords = tuple(Keyword(**keyword) for keyword in record["keywords"])
    return Truth(record["seconds"], record["window_s"], parts, keywords)


def figures_of(setting: FeatureSetting) -> dict[str, Any]:
    """What a front end computes, whatever it is called."""
    return {name: value for name, value in asdict(setting).items() if name != "name"}


def digest_of(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def frames_file(setting: FeatureSetting) -> str:
    return f"{digest_of(figures_of(setting))[:12]}.f32"


def cache_key(data: DataSet, split: str, settings: StreamSettings, front_ends: Sequence[FeatureSetting]) -> str:
    """Names what a stream sounds like on this machine, and how it is seen."""
    named = (settings.other_words, settings.noise, settings.negatives)
    folders = [Path(folder).expanduser() for folder in named if folder]
    folders += [data.root / name for name in (SILENT, BACKGROUND)]
    made_by = {**versions(), **{name: installed(name) for name in MIXED_BY}}
    seen_by = [settings.hop_ms, *sorted(map(frames_file, front_ends))]
    return digest_of([VERSION, recipe_name(data, split, settings), made_by, seen_by, states_of(folders)])


def states_of(folders: Iterable[Path]) -> list[tuple[str, int, int]]:
    """Name, bytes and time of change of each file in some folders."""
    files = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    return [(path.name, (state := path.stat()).st_size, state.st_mtime_ns) for path in files]
