"""Every Python block and every command line of the pages is run, in a folder of toys, in the order of its page."""

from __future__ import annotations

import json
import shlex
import shutil
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support import pages, shell

from kwssearch.cli.commands import main
from kwssearch.data import dataset
from kwssearch.deploy import export
from kwssearch.listening import plan
from kwssearch.runs import RunFolder, load
from kwssearch.search import conduct, shape_times, training_times
from kwssearch.search.conduct import time_run
from kwssearch.search.progress import Progress
from kwssearch.search.trainers import Trainers
from kwssearch.search.workers import InProcess
from kwssearch.sources import other_sounds
from kwssearch.space import declaration
from kwssearch.system import environment
from kwssearch.testing import tiny
from kwssearch.testing.words import wav, write_word_folder

ELSEWHERE = {  # what needs other machines or packages, and where it is tested, if anywhere
    "--scheduler": "tests/search/test_cluster.py",
    "--gpus": "tests/search/test_trainers.py",
    "ssh://": "tests/deploy/test_targets.py",
    "--microphone": "tests/deploy/test_trying.py",
    "tflite_micro": "tests/deploy/test_c_sources.py",
    "dask_jobqueue": "not tested: needs Slurm",
    "dask_kubernetes": "not tested: needs Kubernetes",
}
SMALLER = """
[recipe]
epochs = 1
batch_size = 8
[features.mfcc]
kind = "mfcc"
coefficients = 10
[baseline]
width_multiplier = 0.05
"""
MINE = f"""{SMALLER}
[[strategy]]
name = "own"
architecture = "my_models:tc_cnn"
"""
RUNS = ("quickstart", "lab4", "lab4-int8", "my_words", "mine", "lab4-msc", "homework-msc")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, finished: Path, words: Path, cache: Path) -> Path:
    """What a reader of the pages has: words, a space, and runs that are as good as done."""
    few_voices(cache)
    folder = tmp_path_factory.mktemp("workplace")
    for place in ("my_words", "where/they/are/now"):
        shutil.copytree(words, folder / place)
    (folder / "mine.toml").write_text(MINE)
    (folder / "my_models.py").write_text(next(body for _, body in pages.python_blocks("README.md") if "tc_cnn" in body))
    for name in RUNS:
        record = shutil.copytree(finished, folder / "runs" / name) / "run.json"
        found = json.loads(record.read_text())
        record.write_text(json.dumps({**found, "data": {**found["data"], "source": "../../my_words"}}))
    train_twice_more(folder / "runs" / "my_words")
    (folder / "runs" / "my_words" / "targets").mkdir()
    shutil.copy(finished / "latency.json", folder / "runs" / "my_words" / "targets" / "raspberrypi.json")
    export(load(folder / "runs" / "my_words"), "3", folder / "yes_no")
    shutil.copy(next(words.glob("yes/*.wav")), folder / "recording.wav")
    write_word_folder(folder / "new_words", clips=12, seed=1, lists=False)
    write_sounds(folder)
    return folder


def few_voices(cache: Path) -> None:
    """Other words as spoken by three of espeak-ng's timbres are taken for those of all."""
    other_sounds.other_words(cache, voices=3).rename(cache / f"other-words-{other_sounds.VERSION}")


def write_sounds(folder: Path) -> None:
    """Other words, a long recording without keywords, and one of a kitchen with its labels."""
    rng = np.random.default_rng(0)
    for path, seconds in {
        "other_words/cat/ann_nohash_0.wav": 1,
        "radio/evening.wav": 90,
        "room_noise/fan.wav": 20,
        "kitchen.wav": 20,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(wav(0.1 * rng.standard_normal(16_000 * seconds)))
    (folder / "kitchen.txt").write_text("0.0\t9.0\t[kettle]\n12.5\t13.1\tyes\n")


def train_twice_more(run: Path) -> None:
    """As if two further seeds were trained already, so that adding them takes no time."""
    for result in run.glob("trial_*/result.json"):
        record = json.loads(result.read_text())
        for index in (1, 2):
            (result.parent / f"execution_{index}").mkdir()
            again = {**record, "execution": index, "seed": record["seed"] + index}
            (result.parent / f"execution_{index}" / "result.json").write_text(json.dumps(again))


@pytest.fixture(autouse=True)
def toys(workplace: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """Shipped spaces and data sets by name are toys, too."""
    (workplace / "toys").mkdir(exist_ok=True)
    shipped = {name: workplace / "toys" / f"{name}.toml" for name in declaration.shipped_spaces()}
    for name, path in shipped.items():
        if name in (*RUNS, "full-int8"):
            tiny.write_space(path)
        else:
            path.write_text(SMALLER)
    monkeypatch.setattr(declaration, "shipped_spaces", lambda: shipped)
    monkeypatch.setattr(environment, "available_cores", lambda: 1)
    named = dataset.locate
    monkeypatch.setattr(
        dataset, "locate", lambda source: workplace / "my_words" if source in dataset.NAMED else named(source)
    )
    monkeypatch.setattr(conduct, "time_run", timed_shortly)
    monkeypatch.setattr(Trainers, "chosen", lambda workers, *others: shell.chosen_here(0, *others))
    for module in (shape_times, training_times):
        monkeypatch.setattr(module, "local_pool", lambda log, environments: nullcontext(InProcess()))
    monkeypatch.setattr(plan, "HOUR_S", 22.0)
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    monkeypatch.chdir(workplace)


def timed_shortly(
    folder: RunFolder, progress: Progress, threads: int = 1, budget: float | None = None, again: bool = False
) -> bool:
    """As `time_run`, but of the fewest rounds where nothing else is asked for."""
    return time_run(folder, progress, threads, budget or 0, again)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Words to look at and to import, made anew for each command that does."""
    write_word_folder(tmp_path / "my_words", words=("off", "on", "up"), clips=20, rate=8000, lists=False)
    for word in ("off", "on"):
        (tmp_path / "recordings" / word).mkdir(parents=True)
        for number, path in enumerate(sorted((tmp_path / "my_words" / word).glob("*.wav"))):
            shutil.copy(path, tmp_path / "recordings" / word / f"3_theo{number // 2}_{number}.wav")
    return tmp_path


def is_elsewhere(code: str) -> bool:
    return any(word in code for word in ELSEWHERE)


@pytest.mark.parametrize("line", [line for line in pages.command_lines() if not is_elsewhere(line)])
def test_command_lines_run(line: str, recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command, _, target = line.partition(" > ")
    arguments = shlex.split(command, comments=True)[1:]
    if arguments[0] == "data":
        monkeypatch.chdir(recordings)
    if arguments[:2] == ["data", "import"]:
        shutil.rmtree(recordings / "my_words")
    ended = CliRunner().invoke(main, arguments)
    warned = arguments[:2] == ["data", "check"] and "0 refused" in ended.stderr  # of few clips, which exits 1
    assert ended.exit_code == 0 or warned, f"{ended.stderr}{ended.exception!r}"
    if target:
        Path(target.split()[0]).write_text(ended.stdout)


@pytest.mark.parametrize("page", pages.with_python())
def test_python_blocks_run(page: str, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other in one namespace, as in a notebook."""
    folder = workplace / page.replace("/", " ")
    (folder / "runs").mkdir(parents=True)
    for name in ("my_words", "mine.toml", "my_models.py", "runs/my_words"):
        (folder / name).symlink_to(workplace / name)
    monkeypatch.chdir(folder)
    namespace: dict[str, object] = {"__name__": "notebook"}
    for number, body in pages.python_blocks(page):
        code = compile(body, f"{page}, block {number}", "exec")
        if not is_elsewhere(body):
            exec(code, namespace)
