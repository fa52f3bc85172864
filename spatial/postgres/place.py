"""Where a cluster lives: its data directory, and the short directory of its socket."""

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from spatial.errors import Misconfigured
from spatial.postgres.account import Account

# The socket's own name, and what fits with it into sockaddr_un on every system (macOS: 104).
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 103


def default_data_dir(env: Mapping[str, str]) -> Path:
    """/var/lib/citytwin for root, whose home the server could not enter; else by XDG."""
    if os.geteuid() == 0:
        return Path("/var/lib/citytwin")
    share = env.get("XDG_DATA_HOME", "")
    # The XDG specification has relative paths ignored.
    base = Path(share) if os.path.isabs(share) else Path(env.get("HOME", "~"), ".local/share")
    return base.expanduser() / "citytwin"


def default_socket_dir(data_dir: Path) -> Path:
    """A short name made from the data directory's, whose own path may be too long for a socket."""
    base = Path("/run") if os.geteuid() == 0 and Path("/run").is_dir() else Path("/tmp")
    return base / f"citytwin-{hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]}"


def prepare_data_dir(data_dir: Path, account: Account) -> Path:
    """Make the data directory and in it `postgres`, which is the account's own; returns that.

    Raises Misconfigured when the account cannot enter it or permissions cannot be set there.
    """
    try:
        if not data_dir.is_dir():
            data_dir.mkdir(parents=True)
            # Others may pass through root's directory, since the server is one of them.
            data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise Misconfigured(
            f"The data directory {data_dir} cannot be made: {error.strerror}. Choose another."
        ) from error
    barrier = first_barrier(data_dir, account)
    if barrier:
        raise Misconfigured(
            f"PostgreSQL does not run as root but as the user {account.name}, who cannot enter "
            f"{barrier}. Choose a data directory elsewhere, such as /var/lib/citytwin, or let "
            f"others pass through: chmod o+x '{barrier}'"
        )
    home = data_dir / "postgres"
    home.mkdir(exist_ok=True)
    home.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(home, account.uid, account.gid)
    if not is_private(home, account):
        raise Misconfigured(
            f"Permissions cannot be set in {data_dir}, as on a Windows drive under WSL (/mnt/c). "
            "Choose a data directory on a Linux file system, such as in your home."
        )
    return home


def prepare_socket_dir(directory: Path, account: Account) -> None:
    """Make it the account's own and closed to others.

    Raises Misconfigured when it is too long for a socket or belongs to somebody else.
    """
    if not fits_socket(directory):
        raise Misconfigured(
            f"The socket directory {directory} is too long: sockets' paths end at about "
            "100 bytes. Choose a shorter one, such as /tmp/city."
        )
    try:
        directory.mkdir(parents=True, mode=0o700)
        if os.geteuid() == 0:
            os.chown(directory, account.uid, account.gid)
    except FileExistsError:
        pass
    if not is_private(directory, account):
        raise Misconfigured(
            f"The socket directory {directory} is not the user {account.name}'s alone. "
            "Remove it, or choose another."
        )


def fits_socket(directory: Path) -> bool:
    """Whether a socket's path in this directory is short enough for the system."""
    return len(os.fsencode(directory / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT


def first_barrier(directory: Path, account: Account) -> Path | None:
    """The outermost directory on the way to `directory` that the account cannot enter, if any."""
    if account.can_enter(directory):
        return None
    way = [*reversed(directory.parents), directory]
    return next((step for step in way if step.exists() and not account.can_enter(step)), None)


def is_private(directory: Path, account: Account) -> bool:
    """Whether it is a real directory of the account's, with all others shut out."""
    status = directory.lstat()
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == account.uid
        and stat.S_IMODE(status.st_mode) & 0o077 == 0
    )
