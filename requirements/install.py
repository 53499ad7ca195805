"""Make a virtual environment from a lock file, or do nothing if it is there already.

    python3 requirements/install.py .venv runtime
    python3 requirements/install.py --with-uv .venv-test test

Needs nothing but Python with its ``venv`` module. Every file is checked against the hash in
the lock, and only wheels are taken, so no compiler is needed. The syntax stays at 3.6, so that
an old Python gets as far as saying that it is too old.
"""

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 11)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--with-uv", action="store_true", help="let uv do it, which is faster")
    parser.add_argument("folder", help="the folder of the virtual environment")
    parser.add_argument("lock", help="which lock file to install: runtime or test")
    options = parser.parse_args()
    if sys.version_info < OLDEST:
        sys.exit(
            f"This needs Python {OLDEST[0]}.{OLDEST[1]} or newer, and {sys.executable} is "
            f"{sys.version.split()[0]}. Name another one: make run PYTHON=/path/to/python"
        )
    # Two that start at once, such as the demo in the background and `make test`, take turns.
    with open(options.folder + ".lock", "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        install(options.folder, os.path.join(HERE, options.lock + ".txt"), options.with_uv)


def install(folder, lock, with_uv):
    """Bring ``folder`` to what ``lock`` says, and note it in a stamp that comes last."""
    stamp = os.path.join(folder, "installed.txt")
    wanted = fingerprint(lock)
    if os.path.exists(stamp):
        with open(stamp) as file:
            if file.read() == wanted:
                return
        os.unlink(stamp)
    say(f"Installing {os.path.relpath(lock)} into {folder} …")
    make_environment(folder)
    if not (with_uv and install_with_uv(folder, lock)):
        install_with_pip(folder, lock)
    with open(stamp, "w") as file:
        file.write(wanted)
    say("Installed.")


def fingerprint(lock):
    with open(lock, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return f"{sys.version.split()[0]} {digest}\n"


def make_environment(folder):
    # Cleared, since what another Python or a broken-off attempt left may not work.
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", folder])
    if done.returncode != 0:
        sys.exit(
            f"{sys.executable} cannot make virtual environments. On Debian and Ubuntu the package "
            "python3-venv is missing."
        )


def install_with_pip(folder, lock):
    done = subprocess.run([*pip(folder), "-r", lock])
    if done.returncode != 0:
        sys.exit("The packages could not be installed; what pip said is above.")


def install_with_uv(folder, lock):
    """Whether uv did it. It has settings of its own for certificates and mirrors, and none of
    pip's, so behind some proxies only pip gets through."""
    uv = os.path.join(folder, "bin", "uv")
    bootstrap = os.path.join(HERE, "bootstrap.txt")
    if subprocess.run([*pip(folder), "-r", bootstrap]).returncode != 0:
        return False
    # `install` and not `sync`: the latter would remove uv itself.
    target = ["--python", os.path.join(folder, "bin", "python")]
    checks = ["--require-hashes", "--only-binary", ":all:"]
    done = subprocess.run([uv, "pip", "install", "--quiet", *target, *checks, "-r", lock])
    if done.returncode != 0:
        say("uv could not do it, so pip tries; that takes a few minutes.")
    return done.returncode == 0


def pip(folder):
    python = os.path.join(folder, "bin", "python")
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    return [python, "-m", "pip", "install", *quiet, "--require-hashes", "--only-binary", ":all:"]


def say(words):
    print(words, flush=True)


if __name__ == "__main__":
    main()
