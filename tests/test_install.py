"""requirements/install.py makes an environment once and says what is in the way."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "requirements/install.py"


@pytest.fixture
def script() -> dict:
    return runpy.run_path(str(SCRIPT))


def test_an_old_python_is_told_so_and_nothing_is_made(script, tmp_path, monkeypatch):
    folder = tmp_path / "environment"
    monkeypatch.setattr(sys, "argv", ["install.py", str(folder), "runtime"])
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))

    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer.*make run PYTHON="):
        script["main"]()

    assert list(tmp_path.iterdir()) == []


def test_an_environment_is_made_once_and_again_only_when_its_lock_changes(script, tmp_path):
    folder, lock = tmp_path / "environment", tmp_path / "lock.txt"
    lock.write_text("# nothing to install\n")

    script["install"](str(folder), str(lock), with_uv=False)
    made = (folder / "pyvenv.cfg").stat().st_mtime_ns
    assert subprocess.run([folder / "bin/python", "-c", ""]).returncode == 0

    script["install"](str(folder), str(lock), with_uv=False)
    assert (folder / "pyvenv.cfg").stat().st_mtime_ns == made

    # What fails is not taken for done the next time.
    lock.write_text("not-a-package-and-without-a-hash==1.0\n")
    with pytest.raises(SystemExit, match="could not be installed"):
        script["install"](str(folder), str(lock), with_uv=False)
    assert (folder / "pyvenv.cfg").stat().st_mtime_ns > made
    assert not (folder / "installed.txt").exists()
