import tomllib

import pytest

from kwssearch.errors import SpaceError
from kwssearch.space.declaration import load_space, read_space

VALID = """
[recipe]
epochs = 3
[features.mfcc]
kind = "mfcc"
coefficients = 10
[[strategy]]
name = "narrow"
width_multiplier = [0.25, 0.5]
"""


def test_lab4_is_the_three_exercises() -> None:
    trials = load_space("lab4").trials
    counted = {name: sum(t.strategy == name for t in trials) for name in {t.strategy for t in trials}}
    assert counted == {"baseline": 2, "DS-CNN": 2, "width multiplier": 6, "pruning": 12}
    assert [t.trial_id for t in trials] == [f"{i:02d}" for i in range(22)]
    assert {t.values["final_sparsity"] for t in trials} == {0, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95}
    assert {t.values["width_multiplier"] for t in trials} == {1, 0.25, 0.5, 0.75}


def test_full_is_the_whole_product() -> None:
    points = {tuple(t.values.values()) for t in load_space("full").trials}
    assert len(points) == len(load_space("full").trials) == 2 * 2 * 4 * 5


def test_quickstart_shows_all_strategies_in_nine_trials() -> None:
    space = load_space("quickstart")
    assert len(space.trials) <= 9
    assert space.data == "builtin"
    values = [t.values for t in space.trials]
    assert {v["architecture"] for v in values} == {"cnn", "ds_cnn"}
    assert any(v["width_multiplier"] < 1 for v in values)
    assert any(v["final_sparsity"] > 0 for v in values)
    assert {v["quantization"] for v in values} == {"none", "int8"}
    assert {v["features"] for v in values} == {"log_mel", "mfcc"}


@pytest.mark.parametrize("name", ["lab4", "lab4-int8", "full", "full-int8", "quickstart"])
def test_a_space_survives_its_record(name: str) -> None:
    space = load_space(name)
    assert read_space(space.to_dict()) == space


@pytest.mark.parametrize("name, shape", [("log_mel", (49, 40, 1)), ("mfcc", (49, 10, 1))])
def test_input_shapes_are_the_labs(name: str, shape: tuple[int, int, int]) -> None:
    assert load_space("lab4").features[name].shape == shape


def test_what_a_strategy_does_not_name_keeps_the_baselines_value() -> None:
    space = read_space(tomllib.loads(VALID + "[baseline]\narchitecture = 'ds_cnn'\n"))
    assert [t.values["architecture"] for t in space.trials] == ["ds_cnn"] * 3


FAULTS = {
    "unknown key": ("epochs = 3", "epoch = 3", ["recipe", "'epoch'", "Did you mean 'epochs'?"]),
    "wrong type": ("epochs = 3", "epochs = 'three'", ["recipe: epochs", "'three'", "whole number"]),
    "boolean is no number": ("epochs = 3", "epochs = true", ["recipe: epochs", "True", "whole number"]),
    "too small": ("epochs = 3", "epochs = 0", ["recipe: epochs", "got 0"]),
    "out of range": ("[0.25, 0.5]", "[0.25, 1.5]", ["strategy 1 'narrow'", "width_multiplier", "1.5", "up to 1"]),
    "not a number": ("[0.25, 0.5]", "[nan]", ["width_multiplier", "nan"]),
    "empty axis": ("[0.25, 0.5]", "[]", ["width_multiplier", "[]", "at least one value"]),
    "repeated value": ("[0.25, 0.5]", "[0.25, 0.25]", ["width_multiplier", "0.25 is repeated"]),
    "varies nothing": ("width_multiplier = [0.25, 0.5]", "", ["'narrow'", "varies nothing"]),
    "unknown axis": ("width_multiplier", "widht_multiplier", ["widht_multiplier", "Did you mean 'width_multiplier'?"]),
    "unknown kind": ('kind = "mfcc"', 'kind = "mfc"', ["features.mfcc: kind", "'mfc'", "Did you mean 'mfcc'?"]),
    "no kind": ('kind = "mfcc"', "", ["features.mfcc: kind"]),
    "too many coefficients": ("coefficients = 10", "coefficients = 41", ["coefficients", "41", "1 to 40"]),
    "band above Nyquist": ("coefficients = 10", "coefficients = 10\nsampling_rate = 4000", ["upper_hz", "2000"]),
    "only the baseline again": ("[0.25, 0.5]", "1.0", ["'narrow'", "adds no trial"]),
    "unprintable name": ('"narrow"', '"nar\\u001b[31mrow"', ["strategy 1: name", "printable characters"]),
    "not TOML": ("[recipe]", "[recipe", ["cannot be read as TOML"]),
}


@pytest.mark.parametrize("old, new, parts", FAULTS.values(), ids=FAULTS)
def test_a_fault_names_place_value_and_remedy(tmp_path, old: str, new: str, parts: list[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(VALID.replace(old, new))
    with pytest.raises(SpaceError) as caught:
        load_space(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert caught.value.exit_code == 2
    for part in parts:
        assert part in message


def test_a_duplicate_strategy_is_refused() -> None:
    twice = VALID + '[[strategy]]\nname = "narrow"\nwidth_multiplier = 0.75\n'
    with pytest.raises(SpaceError, match=r"strategy 2 'narrow': name: got 'narrow', expected a name that no other"):
        read_space(tomllib.loads(twice))


def test_an_unknown_space_names_the_nearest() -> None:
    with pytest.raises(SpaceError, match=r"no search space 'lab5'.*Did you mean 'lab4'\?"):
        load_space("lab5")


def test_a_space_is_short_to_look_at() -> None:
    assert repr(load_space("lab4")) == "SearchSpace('lab4', 22 trials)"


@pytest.mark.parametrize(("given", "repeated", "count"), [(3, "all", 3), ("front:3", "front", 3)])
def test_executions_are_of_all_trials_or_of_the_front(given: object, repeated: str, count: int) -> None:
    space = read_space({"features": {"a": {"kind": "log_mel"}}, "recipe": {"executions_per_trial": given}})
    assert (space.recipe.repeated, space.recipe.executions_per_trial) == (repeated, count)
    assert read_space(space.to_dict()) == space


@pytest.mark.parametrize(
    "given", [0, True, 1.5, "3", "front", "front:", "front:1", "front:0x3", "best:3", "front:1001"]
)
def test_executions_that_are_none_are_refused(given: object) -> None:
    with pytest.raises(
        SpaceError, match=r"recipe: executions_per_trial: got .*, expected a whole number from 1 to 1000"
    ):
        read_space({"features": {"a": {"kind": "log_mel"}}, "recipe": {"executions_per_trial": given}})
