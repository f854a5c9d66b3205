"""A machine that is reached by the system's OpenSSH, as ssh://user@host names it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from kwssearch.errors import UserError
from kwssearch.space import QuantityError

WRITTEN = re.compile(
    r"ssh://(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63})@)?"
    r"(?:(?P<host>[A-Za-z0-9_][A-Za-z0-9_.-]{0,252})|\[(?P<address>[0-9A-Fa-f:.]{2,45})\])"
    r"(?::(?P<port>\d{1,5}))?/?"
)
OPTIONS = {
    "BatchMode": "yes",  # no question that nobody would answer
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    "ClearAllForwardings": "yes",
}
REFUSALS = (  # what OpenSSH says, what it means
    (
        "IDENTIFICATION HAS CHANGED",
        "its host key is not the one that is known; find out why it changed, then 'ssh-keygen -R {host}' forgets it",
    ),
    (
        "Host key verification failed",
        "its host key is not known; '{ssh}' shows it once, so that you can compare and accept it",
    ),
    (
        "Permission denied",
        "it accepts none of your keys; 'ssh-copy-id{port} {login}' puts one there, 'ssh-add' unlocks one",
    ),
    ("Could not resolve hostname", "no host of this name is known; check the name, or give its address"),
    ("Connection refused", "it does not listen for SSH there; start sshd on it, or name another port"),
    ("", "it cannot be reached ({told}); check that it is on, in this network, and that '{ssh}' works"),
)


@dataclass(frozen=True)
class Target:
    """Host, and user and port where they are not OpenSSH's own choice."""

    host: str
    user: str | None = None
    port: int | None = None

    @classmethod
    def of(cls, text: str) -> Target:
        """Of ssh://[user@]host[:port].

        Raises:
            QuantityError: it is something else, or holds what could be taken for an option.
        """
        found = WRITTEN.fullmatch(text)
        port = int(found["port"]) if found and found["port"] else None
        if found is None or (port is not None and not 0 < port < 65536):
            raise QuantityError(
                f"target: got {text[:120]!r}, expected ssh://user@host or ssh://user@host:port, such as "
                "ssh://pi@raspberrypi.local; write it so, without a password or a path."
            )
        return cls(found["host"] or found["address"], found["user"], port)

    @property
    def login(self) -> str:
        return f"{self.user}@{self.host}" if self.user else self.host

    def command(self, remote: Sequence[str]) -> list[str]:
        """The local command that runs a remote one; each of its words reaches the remote shell quoted."""
        options = [f"-o{key}={value}" for key, value in OPTIONS.items()]
        user = [] if self.user is None else ["-l", self.user]
        port = [] if self.port is None else ["-p", str(self.port)]
        return ["ssh", "-T", *options, *user, *port, "--", self.host, f"exec {shlex.join(remote)}"]

    def refusal(self, told: str) -> UserError:
        """Why there is no connection, and the remedy, from what OpenSSH has told."""
        last = next((line.strip() for line in reversed(told.splitlines()) if line.strip()), "no reason given")
        port = "" if self.port is None else f" -p {self.port}"
        meaning = next(meaning for said, meaning in REFUSALS if said in told)
        remedy = meaning.format(host=self.host, login=self.login, port=port, ssh=f"ssh{port} {self.login}", told=last)
        return UserError(f"{self.login}: {remedy}.", about="target")
