"""Features in the cache: whole or computed again, for whoever may read or write there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.others import as_somebody_else

from kwssearch.features import FrontEnd, cached_features
from kwssearch.features import kept as module
from kwssearch.space import FeatureSetting
from kwssearch.system.cache import DataError, private_place

SETTINGS = [FeatureSetting(name, "log_mel", 1000, 32, 0.25, bins, 20, 400) for name, bins in (("a", 8), ("b", 9))]
SPLITS = {"train": 6, "validation": 2, "test": 3}
RATE = 1000


class Sound:
    """Clips of noise, and how often they were read."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self, split: str, index: int) -> np.ndarray:
        self.reads += 1
        rng = np.random.default_rng([len(split), index])
        return (3000 * rng.standard_normal(RATE)).astype(np.int16)


def features(cache: Path, sound: Sound, setting: FeatureSetting = SETTINGS[0]) -> dict[str, np.ndarray]:
    return cached_features(cache, "fingerprint", FrontEnd(setting, RATE), SPLITS, sound)


def right(setting: FeatureSetting = SETTINGS[0]) -> dict[str, np.ndarray]:
    front_end, sound = FrontEnd(setting, RATE), Sound()
    return {split: np.stack([front_end(sound(split, i)) for i in range(clips)]) for split, clips in SPLITS.items()}


def truncated(folder: Path) -> None:
    os.truncate(folder / "train.npy", 500)


def cut_in_the_header(folder: Path) -> None:
    os.truncate(folder / "train.npy", 20)


def emptied(folder: Path) -> None:
    os.truncate(folder / "test.npy", 0)


def altered_in_the_middle(folder: Path) -> None:
    with open(folder / "train.npy", "r+b") as file:
        file.seek(700)
        file.write(b"\x40")


def replaced_by_another_split(folder: Path) -> None:
    """A file of features that is whole in itself."""
    shutil.copyfile(folder / "validation.npy", folder / "train.npy")


def replaced_at_its_size(folder: Path) -> None:
    path = folder / "train.npy"
    shape = np.load(path).shape
    np.save(path, np.zeros(shape, np.float32))


def a_hole(folder: Path) -> None:
    size = (folder / "train.npy").stat().st_size
    os.truncate(folder / "train.npy", 300)
    os.truncate(folder / "train.npy", size)


def without_a_split(folder: Path) -> None:
    (folder / "validation.npy").unlink()


def without_its_digests(folder: Path) -> None:
    (folder / ".whole.json").unlink()


def an_empty_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"")


def another_settings(folder: Path) -> None:
    """Whole, but of another front end."""
    cached = folder.parent
    features(cached, Sound(), SETTINGS[1])
    (other,) = [path for path in cached.iterdir() if path != folder]
    shutil.rmtree(folder)
    shutil.copytree(other, folder)


DAMAGE = [
    truncated, cut_in_the_header, emptied, altered_in_the_middle, replaced_by_another_split, replaced_at_its_size,
    a_hole, without_a_split, without_its_digests, an_empty_folder, a_file, another_settings,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_what_is_not_whole_is_computed_again(tmp_path: Path, damage: Callable[[Path], None], capfd) -> None:
    sound = Sound()
    features(tmp_path, sound)
    (folder,) = tmp_path.iterdir()
    damage(folder)
    found = features(tmp_path, sound)
    assert sound.reads == 2 * sum(SPLITS.values())
    for split, values in right().items():
        np.testing.assert_array_equal(found[split], values)
    assert capfd.readouterr().err == f"{folder}: is not what was kept there; it is made again.\n"
    features(tmp_path, sound)
    assert sound.reads == 2 * sum(SPLITS.values())
    assert not [path for path in tmp_path.iterdir() if "unfinished" in path.name or "lock" in path.name]


def test_features_that_are_in_use_stay_as_they_are_while_they_are_made_again(tmp_path: Path) -> None:
    used = features(tmp_path, Sound())
    (folder,) = tmp_path.iterdir()
    without_a_split(folder)
    features(tmp_path, Sound())
    for split, values in right().items():
        np.testing.assert_array_equal(used[split], values)


@pytest.mark.parametrize("umask, mode", [(0o022, 0o755), (0o002, 0o775), (0o077, 0o700)])
def test_modes_are_those_of_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        features(tmp_path / "cache" / "features", Sound())
    finally:
        os.umask(before)
    made = list((tmp_path / "cache").rglob("*"))
    assert len(made) == 1 + 1 + len(SPLITS) + 1
    for path in made:
        assert path.stat().st_mode & 0o777 == (mode if path.is_dir() else mode & 0o666), path


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder, with a place for temporary ones beside it, that another user may come to."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    (place / "temporary").mkdir()
    (place / "temporary").chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(place / "temporary"))
    yield place / "cache"
    shutil.rmtree(place)


def test_another_user_reads_what_is_there(shared: Path) -> None:
    features(shared, Sound())
    sound = Sound()
    with as_somebody_else(locked=[shared]):
        found = features(shared, sound)
    assert sound.reads == 0
    np.testing.assert_array_equal(found["train"], right()["train"])


@pytest.mark.parametrize("damage", [None, altered_in_the_middle], ids=["missing", "damaged"])
def test_who_may_not_write_keeps_features_in_a_folder_of_their_own(shared: Path, damage) -> None:
    if damage:
        features(shared, Sound())
        damage(next(shared.iterdir()))
    shared.mkdir(exist_ok=True)
    before = sorted(shared.rglob("*"))
    sound = Sound()
    with as_somebody_else(locked=[shared]):
        for _ in range(2):
            found = features(shared, sound)
            np.testing.assert_array_equal(found["train"], right()["train"])
        place = private_place()
        assert place.stat().st_mode & 0o777 == 0o700
    assert sound.reads == sum(SPLITS.values())
    assert sorted(shared.rglob("*")) == before


def test_two_users_who_may_both_write_make_again_what_the_other_made(shared: Path) -> None:
    before = os.umask(0)
    try:
        features(shared, Sound())
        altered_in_the_middle(next(shared.iterdir()))
        with as_somebody_else():
            found = features(shared, Sound())
        np.testing.assert_array_equal(found["train"], right()["train"])
        assert list((shared.parent / "temporary").iterdir()) == []
    finally:
        os.umask(before)


def test_a_temporary_folder_that_somebody_else_made_is_not_used(shared: Path) -> None:
    shared.mkdir()
    with as_somebody_else(locked=[shared]):
        place = private_place()
        place.mkdir()
        place.chmod(0o777)
        with pytest.raises(
            DataError, match=r"kwssearch-\d+: is not this user's alone; remove it, or name another cache"
        ):
            features(shared, Sound())


@pytest.mark.parametrize("what", ["cache", "features", "file"])
def test_a_cache_that_cannot_be_read_is_one_sentence(shared: Path, what: str) -> None:
    features(shared, Sound())
    folder = next(shared.iterdir())
    closed = {"cache": shared, "features": folder, "file": folder / "train.npy"}[what]
    closed.chmod(0)
    try:
        with as_somebody_else(locked=[shared]), pytest.raises(DataError) as caught:
            features(shared, Sound())
    finally:
        closed.chmod(0o755)
    told = str(caught.value)
    assert told == (
        f"{folder}: "
        "cannot be read (Permission denied); give read permission in the cache, or name another cache folder with the "
        "environment variable KWSSEARCH_CACHE."
    )


def test_a_full_disk_is_no_matter_of_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_features", full)
    with pytest.raises(DataError, match=r"cannot be made \(No space left on device\); make room"):
        features(tmp_path, Sound())
    assert list(tmp_path.iterdir()) == []
