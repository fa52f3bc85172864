"""Whom the server runs as: the user himself, or an ordinary one when he is root."""

import os
import pwd
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from spatial.errors import Misconfigured

# The programs get this environment alone: no LANG or PROJ_DATA of the caller reaches the server.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, uid: int) -> Self:
        """Raises Misconfigured when the user has no name, since PostgreSQL wants one."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise Misconfigured(
                f"The user id {uid} has no name on this machine, and PostgreSQL needs one. "
                "Add it to /etc/passwd, or run as a user who is there."
            ) from None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @classmethod
    def current(cls) -> Self:
        """The user of this process."""
        return cls.of(os.geteuid())

    @classmethod
    def for_server(cls) -> Self | None:
        """The current user; for root `postgres` or `citytwin`, or None if neither is there."""
        if os.geteuid() != 0:
            return cls.current()
        for name in ("postgres", "citytwin"):
            with suppress(KeyError):
                return cls.of(pwd.getpwnam(name).pw_uid)
        return None

    @classmethod
    def for_new_cluster(cls) -> Self:
        """As `for_server`; creates the user `citytwin` when root has none."""
        account = cls.for_server()
        if account:
            return account
        made = subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "citytwin"],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise Misconfigured(
                "PostgreSQL does not run as root, and no ordinary user could be made for it: "
                f"{made.stderr.strip()}. Create a system user called citytwin."
            )
        return cls.of(pwd.getpwnam("citytwin").pw_uid)

    def run(self, *command: str | Path, cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
        """Run to the end as this user, in a session of its own, safe from the terminal's Ctrl-C."""
        steps_down = os.geteuid() == 0 and self.uid != 0
        return subprocess.run(
            command,
            cwd=cwd,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            start_new_session=True,
            umask=0o077,
            user=self.uid if steps_down else None,
            group=self.gid if steps_down else None,
            extra_groups=[] if steps_down else None,
            check=False,
        )

    def can_enter(self, directory: Path) -> bool:
        """Tried, not reckoned from the mode bits: access lists and mounts have their say too."""
        return self.run("sh", "-c", 'cd -- "$1"', "sh", directory).returncode == 0
