"""The wheel holds every room and the shipped spaces, and works where there is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import kwssearch

ROOT = Path(kwssearch.__file__).resolve().parents[1]


@pytest.mark.long
def test_an_installed_wheel_shows_a_shipped_space(tmp_path: Path) -> None:
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("kwssearch", "search_spaces"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"kwssearch"}
    here = {str(path.relative_to(ROOT)) for path in (ROOT / "kwssearch").rglob("*.py")}
    assert here == {name for name in names if name.endswith(".py")}
    assert {f"kwssearch/search_spaces/{name}.toml" for name in ("lab4", "full", "quickstart")} <= set(names)
    assert "kwssearch/space/devices.toml" in names
    shipped = {f"kwssearch/deploy/c/{path.name}" for path in (ROOT / "kwssearch" / "deploy" / "c").iterdir()}
    assert {"kwssearch/deploy/bundled/LICENSE", *shipped} <= set(names)
    web = {str(path.relative_to(ROOT)) for path in (ROOT / "kwssearch/report/web").rglob("*") if path.is_file()}
    assert web <= set(names)

    clean = tmp_path / "clean"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(clean)], check=True, timeout=60)
    python = clean / "bin" / "python"
    subprocess.run(
        [*pip, "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)], check=True, timeout=60
    )
    # The libraries of this environment, without the .pth files that lead to the checkout.
    libraries = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    environment = {"PATH": "", "PYTHONPATH": libraries, "KWSSEARCH_CACHE": str(tmp_path / "cache")}

    def run(*command: str) -> str:
        options = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 120}
        ended = subprocess.run([str(python), *command], check=False, **options)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    assert str(clean) in run("-c", "import kwssearch; print(kwssearch.__file__)")
    shown = run("-m", "kwssearch", "space", "lab4")
    assert shown.count("pruning") == 12
