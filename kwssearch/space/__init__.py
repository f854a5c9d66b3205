"""What may vary and what is judged, as a TOML file declares it."""

from kwssearch.space.architectures import ArchitectureSource, architecture
from kwssearch.space.augmentations import Augmentation
from kwssearch.space.axes import (
    Axis,
    Stage,
    all_axes,
    axis_names,
    completed,
    differing,
    level_name,
    neutrals,
    point_key,
    recipe_axes,
    shape_axes,
)
from kwssearch.space.data_settings import SILENCE, UNKNOWN, DataSettings, is_pattern, read_data_settings, source_beside
from kwssearch.space.declaration import executions_of, load_space, read_space, shipped_spaces, with_epochs
from kwssearch.space.devices import Device, asked_limits, find_device, known_devices, own_devices_file
from kwssearch.space.front_settings import FRONT, FrontSettings
from kwssearch.space.limits import NO_LIMITS, Limits, Miss
from kwssearch.space.objectives import (
    ACCURACY,
    FLASH,
    LATENCY,
    MEMORY,
    MISSES,
    RAM,
    Objective,
    cost_objectives,
    objective_names,
    objectives_named,
    quality_objectives,
)
from kwssearch.space.quantities import (
    QuantityError,
    kilobytes,
    milliseconds,
    parse_bytes,
    parse_milliseconds,
    parse_share,
    percents,
)
from kwssearch.space.schedule import Schedule
from kwssearch.space.search_space import BASELINE, FREE, PLACED, PlannedTrial, SearchSpace, Strategy
from kwssearch.space.settings import FeatureSetting, Pruning, Quantization, Recipe
from kwssearch.space.stream_settings import STREAM, StreamSettings

__all__ = [
    "ACCURACY", "BASELINE", "FLASH", "FREE", "FRONT", "LATENCY", "MEMORY", "MISSES", "NO_LIMITS", "PLACED", "RAM",
    "SILENCE", "STREAM", "UNKNOWN", "ArchitectureSource", "Augmentation", "Axis", "DataSettings", "Device",
    "FeatureSetting", "FrontSettings", "Limits", "Miss", "Objective", "PlannedTrial", "Pruning", "QuantityError",
    "Quantization", "Recipe", "Schedule", "SearchSpace", "Stage", "Strategy", "StreamSettings", "all_axes",
    "architecture", "asked_limits", "axis_names", "completed", "cost_objectives", "differing", "executions_of",
    "find_device", "is_pattern", "kilobytes", "known_devices", "level_name", "load_space", "milliseconds", "neutrals",
    "objective_names", "objectives_named", "own_devices_file", "parse_bytes", "parse_milliseconds", "parse_share",
    "percents", "point_key", "quality_objectives", "read_data_settings", "read_space", "recipe_axes", "shape_axes",
    "shipped_spaces", "source_beside", "with_epochs",
]  # fmt: skip
