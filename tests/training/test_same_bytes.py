"""A default training keeps its bytes: recorded runs can be continued only as long as this holds.

oneDNN's kernels differ from processor to processor, so it is kept to those that every x86-64 of today has; how it
divides a product may still depend on the caches, so digests are known by processor. The front end is left out:
features are drawn from a generator of integers.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from kwssearch.system.environment import cpu_model
from kwssearch.testing import tiny

MADE_WITH = {"tensorflow": "2.21", "tf_keras": "2.21", "tensorflow-model-optimization": "0.8"}
DIGESTS = {
    "Intel(R) Xeon(R) Processor": {
        "cnn 0.0": "2399e172f00715b8",
        "ds_cnn 0.0": "67285f02aed4cc17",
        "cnn 0.8": "91cc509feb396898",
    },
}

SCRIPT = """
import hashlib, sys
from pathlib import Path
import numpy as np
from kwssearch import backend
backend.configure(threads=1, deterministic=True)
from kwssearch.data import load_data
from kwssearch.space import load_space
from kwssearch.training import KwsHyperModel, hyperparameters

class Toy(KwsHyperModel):
    def features(self, front_end):
        rng = np.random.default_rng(3)
        shapes = {split: (len(clips), *front_end.setting.shape) for split, clips in self.clips.splits.items()}
        return {split: (rng.integers(-64, 64, shape) / 32).astype(np.float32) for split, shape in shapes.items()}

space = load_space(sys.argv[1])
model = Toy(space, load_data(sys.argv[2]), cache=Path(sys.argv[3]))
for trial in space.trials:
    values = trial.values
    backend.start_anew(42)
    hp = hyperparameters(space, values)
    plain, _ = model.trained(values, model.build(hp), Path(sys.argv[3]) / trial.trial_id, 42, None, lambda logs: None)
    content = b"".join(np.ascontiguousarray(weights).tobytes() for weights in plain.get_weights())
    print(f"{values['architecture']} {values['final_sparsity']}", hashlib.sha256(content).hexdigest()[:16])
"""


@pytest.mark.long
def test_a_default_training_has_the_bytes_it_always_had(words: Path, tmp_path: Path) -> None:
    for package, wanted in MADE_WITH.items():
        if not version(package).startswith(wanted):
            pytest.skip(f"the digests were made with {package} {wanted}")
    space = tiny.write_space(tmp_path / "tiny.toml")
    space.write_text(space.read_text().replace("[0.5, 0.8]", "[0.8]"))
    environment = {"TF_ENABLE_ONEDNN_OPTS": "0", "ONEDNN_MAX_CPU_ISA": "AVX2", "TF_CPP_MIN_LOG_LEVEL": "3", "PATH": ""}
    command = [sys.executable, "-c", SCRIPT, str(space), str(words), str(tmp_path / "out")]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    digests = dict(line.rsplit(" ", 1) for line in found.stdout.splitlines())
    assert len(set(digests.values())) == 3
    if cpu_model() not in DIGESTS:
        pytest.skip(f"no digests are known of {cpu_model()}; here they are {digests}")
    assert digests == DIGESTS[cpu_model()]
