"""A real sshd on loopback that stands for a board: a free port, keys and settings of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
SSHD, SSH, KEYGEN = (shutil.which(name, path=PLACES) for name in ("sshd", "ssh", "ssh-keygen"))
THERE = bool(SSHD and SSH and KEYGEN)


@dataclass(frozen=True)
class Board:
    """Attributes:
    port: where it listens.
    temporary: the only folder for temporary files of those who log in.
    tools: to stand first in PATH: an `ssh` that knows this board's host key and has a key for it.
    """

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    @property
    def tools(self) -> Path:
        return self.folder / "tools"

    def left(self) -> list[str]:
        """What temporary files are there after a while."""
        deadline = time.monotonic() + 20
        while os.listdir(self.temporary) and time.monotonic() < deadline:
            time.sleep(0.05)
        return os.listdir(self.temporary)

    def drop(self) -> None:
        """Cuts every connection, as a lost network would."""
        for session in psutil.Process(self.process.pid).children():
            session.kill()

    def forget_host(self) -> None:
        (self.folder / "known_hosts").write_text("")

    def change_host(self) -> None:
        """As if another machine had taken its address."""
        self.know_host("other_key")

    def know_host(self, key: str = "host_key") -> None:
        kind, public, *_ = (self.folder / f"{key}.pub").read_text().split()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {kind} {public}\n")

    def refuse_key(self) -> None:
        (self.folder / "authorized_keys").write_text("")

    def accept_key(self) -> None:
        shutil.copy(self.folder / "user_key.pub", self.folder / "authorized_keys")


@contextmanager
def board(folder: Path) -> Iterator[Board]:
    """Runs one while the block lasts, as the user who runs the tests."""
    for place in ("temporary", "tools"):
        (folder / place).mkdir(parents=True)
    for key in ("host_key", "other_key", "user_key"):
        subprocess.run([KEYGEN, "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    port = free_port()
    settings = {
        "Port": port, "ListenAddress": "127.0.0.1", "HostKey": folder / "host_key", "PidFile": "none", "UsePAM": "no",
        "AuthorizedKeysFile": folder / "authorized_keys", "StrictModes": "no", "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no", "PermitRootLogin": "prohibit-password", "PrintMotd": "no",
        "SetEnv": f"TMPDIR={folder / 'temporary'}",
    }  # fmt: skip
    (folder / "sshd_config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    (folder / "ssh_config").write_text(
        f"IdentityFile {folder / 'user_key'}\nIdentitiesOnly yes\nIdentityAgent none\n"
        f"UserKnownHostsFile {folder / 'known_hosts'}\nGlobalKnownHostsFile none\n"
    )
    (folder / "tools" / "ssh").write_text(f'#!/bin/sh\nexec {SSH} -F {folder / "ssh_config"} "$@"\n')
    (folder / "tools" / "ssh").chmod(0o755)
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # where sshd confines itself
    log = folder / "sshd.log"
    process = subprocess.Popen([SSHD, "-D", "-f", folder / "sshd_config", "-E", log])
    there = Board(folder, port, process)
    there.know_host()
    there.accept_key()
    try:
        wait_until_it_listens(there, log)
        yield there
    finally:
        there.drop()
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def wait_until_it_listens(board: Board, log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", board.port)) == 0:
                return
        assert board.process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
