"""One cluster's server: made, started, found running, stopped. Callers hold the start lock."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from spatial.errors import Misconfigured, Unavailable
from spatial.postgres import find, settings
from spatial.postgres.account import Account

# After a kill -9 the old server's children may hold its memory for some seconds more.
PATIENCE = 30.0
_PASSING = ("lock file", "pre-existing shared memory block")
_START_LIMIT = 600.0


@dataclass(frozen=True)
class Server:
    """The server of the cluster in `home`/data, run by `account`; its log is `home`/log."""

    home: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.home / "data"

    def make(self, *, sync: bool) -> None:
        """Initialise the cluster unless it is there; a half-made one is never left in its place."""
        if self.data.exists():
            return
        for half_made in self.home.glob("new-*"):
            shutil.rmtree(half_made, ignore_errors=True)
        new = self.home / f"new-{secrets.token_hex(4)}"
        made = self._initdb(new, "C.UTF-8", sync)
        if made.returncode != 0 and "locale" in made.stderr:
            made = self._initdb(new, "C", sync)
        if made.returncode != 0:
            raise Misconfigured(f"PostgreSQL cannot make its files: {made.stderr.strip()}")
        new.rename(self.data)

    def start(self, socket_dir: Path, extra: Mapping[str, str]) -> None:
        """Start it unless it runs. Raises Unavailable, with the server's own word, if it won't."""
        deadline = time.monotonic() + PATIENCE
        if not self.socket_dir():
            self._configure(socket_dir, extra)
            self._turn_log()
        while not self.socket_dir():
            word = self._try_start()
            if word is None:
                break
            if time.monotonic() > deadline or not any(phrase in word for phrase in _PASSING):
                raise Unavailable(f"PostgreSQL does not start: {word}. Its log is {self._log}.")
            time.sleep(0.2)
        self._wait_until_ready()

    def stop(self) -> bool:
        """Stop it, rolling back what is under way, and remove its emptied socket directory.

        True if it was running.
        """
        socket_dir = self.socket_dir()
        if socket_dir is None:
            return False
        if self._pg_ctl("stop", "-m", "fast", "-t", "60").returncode != 0:
            self._pg_ctl("stop", "-m", "immediate")
        with suppress(OSError):
            socket_dir.rmdir()
        return True

    def socket_dir(self) -> Path | None:
        """Where the running server listens; None when it does not run.

        A process id proves little (it may be a stranger's by now): what answers on the socket does.
        """
        lines = self._status_lines()
        if len(lines) < 5 or not lines[4]:
            return None
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(f"{lines[4]}/.s.PGSQL.{lines[3]}")
            except OSError:
                return None
        return Path(lines[4])

    @property
    def port(self) -> int:
        """Where it listens; 5432 unless the cluster's own settings say otherwise."""
        return int(self._status_lines()[3])

    @property
    def _log(self) -> Path:
        return self.home / "log"

    def _initdb(self, directory: Path, locale: str, sync: bool) -> subprocess.CompletedProcess[str]:
        return self.account.run(
            find.best().bin / "initdb",
            *("--pgdata", directory.name),
            *("--username", settings.SUPERUSER),
            *("--encoding", "UTF8"),
            *("--locale", locale),
            *("--auth-local", "peer"),
            *("--auth-host", "reject"),
            *([] if sync else ["--no-sync"]),
            cwd=self.home,
        )

    def _pg_ctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Its file names are relative to `home`, since it passes them through a shell."""
        major = int((self.data / "PG_VERSION").read_text())
        program = find.of_major(major).bin / "pg_ctl"
        return self.account.run(program, "-D", "data", "-w", *words, cwd=self.home)

    def _configure(self, socket_dir: Path, extra: Mapping[str, str]) -> None:
        users = {"root", self.account.name, Account.current().name}
        self._write("postgresql.conf", settings.configuration(socket_dir, extra))
        self._write("pg_hba.conf", settings.ACCESS_RULES)
        self._write("pg_ident.conf", settings.identities(users))
        if not (self.data / "local.conf").exists():
            self._write("local.conf", settings.LOCAL)

    def _write(self, name: str, text: str) -> None:
        """Replace a file of the cluster; as root, without following the account's links."""
        new = self.data / f"{name}.new"
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchown(descriptor, self.account.uid, self.account.gid)
        new.replace(self.data / name)

    def _turn_log(self) -> None:
        """Keep the last run's log beside this one's, so that it never grows without end."""
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".old"))

    def _try_start(self) -> str | None:
        """None when it started, else what the server said against it."""
        self._drop_strangers_claim()
        said_before = self._log.stat().st_size if self._log.exists() else 0
        result = self._pg_ctl("start", "-l", "log", "-t", f"{_START_LIMIT:.0f}")
        if result.returncode == 0:
            return None
        said = self._log.read_bytes()[said_before:] if self._log.exists() else b""
        words = re.findall(r" (?:LOG|FATAL|HINT):  (.*)", said.decode(errors="replace"))
        return "; ".join(words) or result.stderr.strip()

    def _drop_strangers_claim(self) -> None:
        """Remove a postmaster.pid whose process id now belongs to a zombie or another program.

        PostgreSQL would refuse to start: in a container, ids soon come round again. That nothing
        of the old server lives, it still checks by itself, in the shared memory.
        """
        lines = self._status_lines()
        process = Path("/proc", lines[0]) if lines else Path()
        try:
            program = (process / "cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            return
        if not program.endswith(b"postgres"):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _wait_until_ready(self) -> None:
        """Recovery after a crash may still be under way when the socket already answers."""
        deadline = time.monotonic() + _START_LIMIT
        while "ready" not in self._status_lines()[-1:]:
            if time.monotonic() > deadline or not self.socket_dir():
                raise Unavailable(f"PostgreSQL stopped while it started. Its log is {self._log}.")
            time.sleep(0.05)

    def _status_lines(self) -> list[str]:
        """postmaster.pid: process, directory, start, port, socket directory, …, status last."""
        try:
            text = (self.data / "postmaster.pid").read_text()
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [line.strip() for line in text.splitlines()]
