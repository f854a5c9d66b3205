"""Searches that are killed, stopped and starved, in processes of their own."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support import shell
from support.shell import artefacts, kill_group, start, wait_for, workers

from kwssearch import runs
from kwssearch.testing import tiny

pytestmark = pytest.mark.damage
KILLS = 20


def finish(run: Path, cache: Path) -> None:
    ended = shell.kwssearch("resume", run, cache=cache)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture
def space(tmp_path: Path) -> Path:
    return tiny.write_space(tmp_path / "tiny.toml")


@pytest.fixture
def long_space(tmp_path: Path) -> Path:
    return tiny.write_space(tmp_path / "long.toml", epochs=400)


def test_killed_at_random_moments_a_search_ends_the_same(tmp_path, words, cache, finished, space) -> None:
    """Start-up, feature caching, epochs, conversion, records: whatever the moment, the same bytes."""
    wanted = artefacts(finished)
    generator = random.Random(2024)
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        run, own_cache = tmp_path / f"run {rounds}", tmp_path / f"cache {rounds}"
        records: dict[Path, int] = {}
        for _ in range(KILLS - kills if rounds > 3 else 6):
            process = start("run", space, "--data", words, "--out", run, cache=own_cache)
            try:
                process.wait(generator.uniform(0.5, 9))
            except subprocess.TimeoutExpired:
                kill_group(process)
                kills += 1
            else:
                assert process.returncode == 0, process.communicate()[1]
            for path, made in records.items():
                assert path.stat().st_mtime_ns == made, "a finished trial was run again"
            records = {path: path.stat().st_mtime_ns for path in run.rglob("result.json")}
        ended = shell.kwssearch("run", space, "--data", words, "--out", run, cache=own_cache)
        assert ended.returncode == 0, ended.stderr
        assert artefacts(run) == wanted
        assert not list(run.rglob("*.tmp")) and not list(run.rglob("checkpoint.npz"))


@pytest.mark.parametrize("record", ["data.json", "run.json", "trial.json", "result.json", "latency.json"])
def test_killed_just_before_a_record_is_moved_into_place(tmp_path, words, cache, finished, space, record) -> None:
    script = (
        "import os, signal, sys\n"
        "from kwssearch.system import storage\n"
        "from kwssearch.cli.commands import main\n"
        "move = os.replace\n"
        "def replace(source, target):\n"
        f"    if os.path.basename(target) == {record!r}:\n"
        "        os.killpg(os.getpid(), signal.SIGKILL)\n"
        "    move(source, target)\n"
        "if __name__ == '__main__':\n"
        "    storage.os.replace = replace\n"
        "    main(sys.argv[1:])\n"
    )
    (tmp_path / "killer.py").write_text(script)
    run = tmp_path / "run"
    arguments = ["run", str(space), "--data", str(words), "--out", str(run)]
    command = [sys.executable, str(tmp_path / "killer.py"), *arguments]
    killed = subprocess.run(command, env=shell.environment(cache), start_new_session=True, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert not list(run.rglob(record))
    ended = shell.kwssearch(*arguments, cache=cache)
    assert ended.returncode == 0, ended.stderr
    assert artefacts(run) == artefacts(finished)


def test_a_running_trial_goes_on_from_its_last_epoch(tmp_path, words, cache, long_space) -> None:
    run = tmp_path / "run"
    process = start("run", long_space, "--data", words, "--out", run, "--workers", 1, cache=cache)
    wait_for(lambda: any(epoch_of(path) >= 20 for path in run.rglob("progress.json")))
    kill_group(process)
    (path,) = run.rglob("progress.json")
    before = epoch_of(path)
    process = start("resume", run, "--workers", 1, cache=cache)
    wait_for(lambda: epoch_of(path) not in (0, before))
    first = epoch_of(path)
    kill_group(process)
    assert before < first < before + 60


def epoch_of(path: Path) -> int:
    try:
        return int(json.loads(path.read_text())["epoch"])
    except (OSError, ValueError):
        return 0


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_saves_and_says_how_to_resume(tmp_path, words, cache, long_space, number, code) -> None:
    run = tmp_path / "a run's folder"
    process = start("run", long_space, "--data", words, "--out", run, cache=cache)
    wait_for(lambda: list(run.rglob("checkpoint.npz")))
    family = psutil.Process(process.pid).children(recursive=True)
    began = time.monotonic()
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert process.returncode == code
    assert "kwssearch resume" in told
    assert "Traceback" not in told
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    assert list(run.rglob("checkpoint.npz"))
    again = shell.kwssearch("trials", run, "--json", cache=cache)
    assert {row["status"] for row in json.loads(again.stdout)} == {"running", "waiting"}


def test_a_second_ctrl_c_ends_at_once(tmp_path, words, cache, long_space) -> None:
    run = tmp_path / "run"
    process = start("run", long_space, "--data", words, "--out", run, cache=cache)
    wait_for(lambda: list(run.rglob("progress.json")))
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=5)
    assert process.returncode == 130


def test_a_worker_that_crashes_costs_one_attempt(tmp_path, words, cache, finished, space) -> None:
    run = tmp_path / "run"
    process = start("run", space, "--data", words, "--out", run, "--workers", 1, cache=cache)
    wait_for(lambda: list(run.rglob("progress.json")))
    workers(process)[0].send_signal(signal.SIGSEGV)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert "the worker process died" in told and "trying once more" in told
    assert artefacts(run) == artefacts(finished)


def test_a_worker_that_dies_before_its_first_job_costs_nothing(tmp_path, words, cache, finished, space) -> None:
    run = tmp_path / "run"
    process = start("run", space, "--data", words, "--out", run, "--workers", 1, cache=cache)
    wait_for(lambda: workers(process))
    workers(process)[0].kill()
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert artefacts(run) == artefacts(finished)


def test_a_trial_that_kills_its_worker_twice_fails_alone(tmp_path, words, cache, space) -> None:
    run = tmp_path / "run"
    process = start("run", space, "--data", words, "--out", run, "--workers", 1, cache=cache)
    wait_for(lambda: list(run.rglob("progress.json")))
    for _ in range(2):
        wait_for(lambda: workers(process))
        (victim,) = workers(process)
        victim.kill()
        psutil.wait_procs([victim], timeout=10)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert told.count("Failed: trial") == 1
    rows = json.loads(shell.kwssearch("trials", run, "--json", cache=cache).stdout)
    assert sorted(row["status"] for row in rows) == ["completed"] * 3 + ["failed"]
    again = shell.kwssearch("resume", run, cache=cache)
    assert again.returncode == 1
    assert "4 done already, 0 to run" in again.stderr
    retried = shell.kwssearch("resume", run, "--retry-failed", cache=cache)
    assert retried.returncode == 0, retried.stderr
    assert "3 done already, 1 to run" in retried.stderr


def test_nan_losses_fail_their_trials_and_nothing_else(tmp_path, words, cache) -> None:
    space = tiny.write_space(tmp_path / "tiny.toml", epochs=3)
    space.write_text(space.read_text().replace("batch_size = 8", "batch_size = 8\nlearning_rate = [1e30, 1e29]"))
    ended = shell.kwssearch("run", space, "--data", words, "--out", tmp_path / "run", cache=cache)
    assert ended.returncode == 1
    assert ended.stderr.count("Failed: trial") == 4
    assert "DivergedError: the loss is no longer finite" in ended.stderr
    record = json.loads((tmp_path / "run" / "trial_0" / "result.json").read_text())
    assert record["status"] == "failed"
    assert "Traceback" in record["traceback"]


def test_a_model_too_large_for_memory_fails_alone(tmp_path, words, cache) -> None:
    space = tmp_path / "large.toml"
    space.write_text(
        tiny.TOML.format(epochs=1, precision="float32", deterministic="false", executions=1).split("[[strategy]]")[0]
        + '[[strategy]]\nname = "large"\nfeatures = "large"\nwidth_multiplier = 1.0\n'
        + '[features.large]\nkind = "log_mel"\nframe_length_ms = 2\noverlap = 0.95\nmel_bins = 200\n'
    )
    text = (
        space.read_text()
        .replace("[baseline]", '[baseline]\nfeatures = "mfcc"')
        .replace("batch_size = 8", "batch_size = 56")
    )
    space.write_text(text)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))

    run = tmp_path / "run"
    process = start("run", space, "--data", words, "--out", run, cache=cache, preexec_fn=limit)
    _, told = process.communicate(timeout=200)
    assert process.returncode == 1, told
    assert [trial.status for trial in runs.load(run).trials] == ["completed", "failed"]


def test_a_second_run_is_refused_and_readers_are_not(tmp_path, words, cache, long_space) -> None:
    run = tmp_path / "run"
    process = start("run", long_space, "--data", words, "--out", run, cache=cache)
    wait_for(lambda: list(run.rglob("progress.json")))
    second = shell.kwssearch("run", long_space, "--data", words, "--out", run, cache=cache)
    assert second.returncode == 1
    assert f"process {process.pid} on host" in second.stderr
    for command in ("trials", "front", "answers"):
        assert shell.kwssearch(command, run, "--json", cache=cache).returncode == 0
    kill_group(process)
    third = start("resume", run, cache=cache)
    wait_for(lambda: (run / "holder.json").exists() and str(third.pid) in (run / "holder.json").read_text())
    kill_group(third)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting takes root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_one_sentence_and_loses_nothing(small_disk, words, cache, tmp_path) -> None:
    space = tiny.write_space(tmp_path / "tiny.toml")
    space.write_text(space.read_text().replace("0.05", "0.3"))
    run = small_disk / "run"
    ended = shell.kwssearch("run", space, "--data", words, "--out", run, cache=cache)
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert runs.load(run).warnings == ()
    done = len(runs.load(run).completed)
    assert done < 4
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    finish(run, cache)
    assert len(runs.load(run).completed) == 4


def test_a_full_disk_under_the_cache_is_one_sentence_and_no_failed_trial(small_disk, words, tmp_path) -> None:
    space = tiny.write_space(tmp_path / "tiny.toml")
    space.write_text(space.read_text().replace("coefficients = 10", "coefficients = 40"))
    run = tmp_path / "run"
    ended = shell.kwssearch("run", space, "--data", words, "--out", run, cache=small_disk / "cache")
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(run.rglob("result.json"))
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    finished = shell.kwssearch("resume", run, cache=small_disk / "cache")
    assert finished.returncode == 0, finished.stderr


def test_a_read_only_run_folder(small_disk, words, cache, space) -> None:
    run = small_disk / "run"
    run.mkdir()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    ended = shell.kwssearch("run", space, "--data", words, "--out", run, cache=cache)
    assert ended.returncode == 1
    assert "Read-only file system" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_file_size_limit(tmp_path, words, cache, space) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))

    process = start("run", space, "--data", words, "--out", tmp_path / "run", cache=tmp_path, preexec_fn=limit)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in told
    assert "File too large" in told


def test_no_permission(words, cache, space) -> None:
    ended = shell.kwssearch("run", space, "--data", words, "--out", "/proc/kwssearch", cache=cache)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "/proc/kwssearch: cannot be written" in ended.stderr
