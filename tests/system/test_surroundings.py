"""The user's variables do not leak into a search."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import shell

from kwssearch.search import job as jobs
from kwssearch.search.failures import Failure, failure_of
from kwssearch.search.job import Job
from kwssearch.space import load_space
from kwssearch.system import environment, surroundings
from kwssearch.system.surroundings import WORKER, altering, lean_worker, own_keras, worker_environment
from kwssearch.testing import tiny

HOSTILE = {
    "KERAS_BACKEND": "torch",
    "TF_USE_LEGACY_KERAS": "0",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "XLA_FLAGS": "--nonsense",
    "MPLBACKEND": "nonsense",
    "OMP_NUM_THREADS": "7",
    "PYTHONHASHSEED": "1234",
    "LC_ALL": "C",
}


def test_a_worker_starts_without_them() -> None:
    found = worker_environment({**HOSTILE, "HOME": "/somewhere", "CUDA_VISIBLE_DEVICES": "1"})
    assert found["KERAS_BACKEND"] == "tensorflow" and found["TF_ENABLE_ONEDNN_OPTS"] == "1"
    assert not {"XLA_FLAGS", "TF_USE_LEGACY_KERAS", "OMP_NUM_THREADS"} & set(found)
    assert found["HOME"] == "/somewhere" and found["CUDA_VISIBLE_DEVICES"] == "1"


def test_a_worker_loads_nothing_to_plot_with_and_can_do_so_later(monkeypatch) -> None:
    monkeypatch.setattr(surroundings, "UNUSED", ("colorsys", "json"))
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with lean_worker():
        import colorsys  # in a user's own process nothing is hidden
    del sys.modules["colorsys"]
    monkeypatch.setenv(WORKER, "1")
    with lean_worker():
        assert sys.modules["json"] is json
        with pytest.raises(ImportError):
            import colorsys
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


@pytest.mark.parametrize(
    "variables, names",
    [
        ({"TF_ENABLE_ONEDNN_OPTS": "0"}, {"TF_ENABLE_ONEDNN_OPTS"}),
        ({"TF_ENABLE_ONEDNN_OPTS": "1"}, set()),
        ({"XLA_FLAGS": "--x", "DNNL_MAX_CPU_ISA": "AVX2"}, {"XLA_FLAGS", "DNNL_MAX_CPU_ISA"}),
        ({"TF_CPP_MIN_LOG_LEVEL": "0", "TF_USE_LEGACY_KERAS": "1", "PATH": "x"}, set()),
        ({"TF_CLI_CONFIG_FILE": "of Terraform", "TF_VAR_region": "x", "TF_DATA_DIR": "y"}, set()),
    ],
)
def test_what_may_alter_results_is_known(variables: dict[str, str], names: set[str]) -> None:
    assert set(altering(variables)) == names


def test_the_process_itself_keeps_its_variables(monkeypatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    monkeypatch.delenv("KERAS_HOME", raising=False)
    with own_keras():
        assert os.environ["KERAS_BACKEND"] == "tensorflow"
        assert "MPLBACKEND" not in os.environ
        home = Path(os.environ["KERAS_HOME"])
        assert home.is_dir()
    assert (os.environ["KERAS_BACKEND"], os.environ["MPLBACKEND"]) == ("torch", "nonsense")
    assert "KERAS_HOME" not in os.environ and not home.exists()


@pytest.mark.damage
def test_a_search_under_hostile_variables_gives_the_same_bytes(tmp_path, words, cache, finished) -> None:
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(
        json.dumps({"floatx": "float64", "backend": "jax", "image_data_format": "channels_first"})
    )
    space = tiny.write_space(tmp_path / "tiny.toml")
    variables = {**shell.environment(cache), **HOSTILE, "HOME": str(tmp_path)}
    command = shell.command("run", space, "--data", words, "--out", tmp_path / "run", "--workers", 1, "--max-trials", 1)
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=200)
    assert ended.returncode == 0, ended.stderr
    found = shell.artefacts(tmp_path / "run")
    assert len(found) == 1
    assert found.items() <= shell.artefacts(finished).items()
    assert not list(tmp_path.glob("~"))
    for arguments in (["report", tmp_path / "run"], ["trials", tmp_path / "run"]):
        shown = subprocess.run(shell.command(*arguments), env=variables, capture_output=True, text=True, timeout=100)
        assert shown.returncode == 0, shown.stderr


def a_job(tmp_path: Path) -> Job:
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    return Job(space, "nowhere", "", "run", space.trials[0], 0, tmp_path / "trial", None, True)


def test_a_deterministic_training_in_a_process_that_was_started_otherwise_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    outcome = jobs.run(a_job(tmp_path))
    assert isinstance(outcome, Failure) and outcome.fatal
    assert "TF_ENABLE_ONEDNN_OPTS=0, which can alter results" in outcome.reason


def test_what_arithmetic_listens_to_is_recorded_like_a_version(monkeypatch) -> None:
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert "OPENBLAS_CORETYPE" not in environment.versions()
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert environment.versions()["OPENBLAS_CORETYPE"] == "Haswell"


@pytest.mark.parametrize(
    "error, fatal, final, part",
    [
        (
            OSError(28, "No space left on device", "/cache/features"),
            True,
            False,
            "/cache/features: the system refuses it",
        ),
        (PermissionError(13, "Permission denied", "/x"), True, False, "KWSSEARCH_CACHE"),
        (ModuleNotFoundError("No module named 'tf_keras'"), True, False, "a library cannot be loaded"),
        (MemoryError(), False, False, "too little memory for this trial"),
        (ValueError("no luck"), False, False, "ValueError: no luck"),
    ],
)
def test_one_place_decides_whose_fault_it_is(error: Exception, fatal: bool, final: bool, part: str) -> None:
    found = failure_of(error, "Traceback ...")
    assert (found.fatal, found.final) == (fatal, final)
    assert part in found.reason


def test_what_a_second_try_cannot_mend_is_final() -> None:
    from kwssearch.training import TrialError
    from kwssearch.training.trainer import DivergedError

    for kind in (TrialError, DivergedError):
        found = failure_of(kind("no luck"), "")
        assert found.final and not found.fatal


def test_importing_the_package_loads_neither_tensorflow_nor_pandas() -> None:
    code = "import sys, kwssearch; print(sorted({'tensorflow', 'pandas', 'numpy'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_every_name_of_the_front_door_is_there() -> None:
    import kwssearch

    assert all(getattr(kwssearch, name) is not None for name in kwssearch.__all__)
    assert set(kwssearch.__all__) <= set(dir(kwssearch))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = kwssearch.nothing


def test_a_traceback_that_is_kept_says_nothing_of_this_machine_s_folders() -> None:
    text = f'File "{np.__file__}", line 1, in f\nFile "{Path(jobs.__file__)}", line 2, in g'
    assert failure_of(ValueError("x"), text).traceback == (
        'File "numpy/__init__.py", line 1, in f\nFile "kwssearch/search/job.py", line 2, in g'
    )
