"""The PostgreSQL installations of this machine: Debian's, conda's, Homebrew's or those on PATH."""

import glob
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spatial.errors import Misconfigured
from spatial.postgres.mend import install_command

POSTGRESQL_FLOOR = (15, 0)
POSTGIS_FLOOR = (3, 3)

_PROGRAMS = ("initdb", "pg_ctl", "postgres")
_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True)
class Installation:
    """One PostgreSQL: where its programs are, its version, and its PostGIS's version if it has one.

    `version` is (major, minor).
    """

    bin: Path
    version: tuple[int, int]
    postgis: str | None

    @property
    def usable(self) -> bool:
        """Whether both versions reach our floor."""
        return self.version >= POSTGRESQL_FLOOR and _numbers(self.postgis or "") >= POSTGIS_FLOOR

    def __str__(self) -> str:
        postgis = f"PostGIS {self.postgis}" if self.postgis else "no PostGIS"
        return f"PostgreSQL {self.version[0]}.{self.version[1]} with {postgis} in {self.bin}"


def installations(path: str | None = None) -> list[Installation]:
    """Every installation found, best first: usable before not, this Python's conda, then newest.

    `path` is searched in the place of PATH.
    """
    found: dict[str, Installation] = {}
    for directory in _directories(os.get_exec_path() if path is None else path.split(os.pathsep)):
        real = os.path.realpath(directory / "postgres")
        if real not in found and all(os.access(directory / name, os.X_OK) for name in _PROGRAMS):
            version = _numbers(_output(directory / "postgres", "--version"))
            if len(version) >= 2:
                major, minor = version[:2]
                found[real] = Installation(directory, (major, minor), _postgis(directory, major))
    conda = _own_bin()
    return sorted(
        found.values(),
        key=lambda one: (one.usable, one.bin == conda, one.version),
        reverse=True,
    )


def best() -> Installation:
    """The installation for a new cluster.

    Raises Misconfigured with what was found and the one command that installs what is missing.
    """
    found = installations()
    if found and found[0].usable:
        return found[0]
    raise Misconfigured(
        "The city needs PostgreSQL 15 or newer with PostGIS 3.3 or newer; "
        f"found {describe(found)}. Install it with: {install_command()}"
    )


def of_major(major: int) -> Installation:
    """The installation that can run a cluster made by this major version.

    Raises Misconfigured when it is no longer there.
    """
    found = installations()
    for one in found:
        if one.usable and one.version[0] == major:
            return one
    raise Misconfigured(
        f"This city was made by PostgreSQL {major}, and only that version can run it; "
        f"found {describe(found)}. Install it again with: {install_command(major)}"
    )


def describe(found: list[Installation]) -> str:
    """The installations as a phrase, for messages."""
    return "; ".join(map(str, found)) or "none"


def _directories(path: list[str]) -> Iterator[Path]:
    yield _own_bin()
    for place in _PLACES:
        yield from map(Path, sorted(glob.glob(place), reverse=True))
    yield from (Path(entry) for entry in path if entry)


def _own_bin() -> Path:
    """Beside this Python: in a conda environment that is where its PostgreSQL is."""
    return Path(sys.base_prefix) / "bin"


def _postgis(directory: Path, major: int) -> str | None:
    reported = _output(directory / "pg_config", "--sharedir").strip()
    share = Path(reported or f"/usr/share/postgresql/{major}")
    try:
        control = (share / "extension" / "postgis.control").read_text()
    except OSError:
        return None
    match = re.search(r"default_version\s*=\s*'([^']+)'", control)
    return match[1] if match else None


def _output(program: Path, option: str) -> str:
    try:
        return subprocess.run(
            [program, option], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of "postgres (PostgreSQL) 15.4 (Debian …)" or "3.3.2"; none: empty."""
    match = re.search(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()
