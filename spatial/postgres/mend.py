"""The one command that installs PostgreSQL with PostGIS on this kind of machine."""

import sys
from pathlib import Path

# Their own archives hold a PostgreSQL or a PostGIS below our floor.
_TOO_OLD = ("bullseye", "buster", "focal", "jammy")
_PGDG_DEFAULT = 17


def install_command(major: int | None = None) -> str:
    """For this machine; of one `major` version where that is asked for."""
    try:
        os_release = Path("/etc/os-release").read_text()
    except OSError:
        os_release = ""
    conda = Path(sys.base_prefix, "conda-meta").is_dir()
    return command_for(sys.platform, os_release, conda=conda, major=major)


def command_for(platform: str, os_release: str, *, conda: bool, major: int | None = None) -> str:
    """For a machine with this sys.platform and /etc/os-release; `conda`: in its environment."""
    if not conda and platform == "darwin":
        return f"brew install postgresql@{major or _PGDG_DEFAULT} postgis"
    if not conda and "debian" in os_release:
        if major is None and not any(name in os_release for name in _TOO_OLD):
            return "sudo apt-get install -y postgresql-postgis"
        return (
            "sudo apt-get install -y postgresql-common"
            # The PostgreSQL project's own archive (PGDG), enabled by Debian's script.
            " && sudo sh /usr/share/postgresql-common/pgdg/apt.*.sh -y"
            f" && sudo apt-get install -y postgresql-{major or _PGDG_DEFAULT}-postgis-3"
        )
    version = f"postgresql={major}" if major else '"postgresql>=15"'
    return f'conda install -c conda-forge {version} "postgis>=3.3"'
