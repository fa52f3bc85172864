"""What the embedded server is told: tuned for one city on one machine, reached by socket alone."""

import os
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

_MB = 1 << 20
# Docker's default; parallel queries and hash joins fail in it.
_SMALL_SHM = 64 * _MB

SUPERUSER = "citytwin"

LOCAL = (
    "# Your own settings, such as work_mem = '64MB'. postgresql.conf is written anew each start.\n"
)
ACCESS_RULES = "local all all peer map=city\n"


def identities(users: Iterable[str]) -> str:
    """pg_ident.conf: these users of the machine are the cluster's superuser."""
    return "".join(f'city "{user}" {SUPERUSER}\n' for user in sorted(set(users)))


def configuration(socket_dir: Path, extra: Mapping[str, str]) -> str:
    """postgresql.conf for this machine; `extra` comes last and so wins.

    A person's own settings go into local.conf beside it.
    """
    memory = _memory()
    chosen = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{socket_dir}"',
        "max_connections": "60",
        "max_locks_per_transaction": "256",
        "shared_buffers": f"{max(128, min(1024, memory // 8 // _MB))}MB",
        "effective_cache_size": f"{max(256, memory // 2 // _MB)}MB",
        "maintenance_work_mem": "256MB",
        "work_mem": "16MB",
        "random_page_cost": "1.5",
        "jit": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "log_checkpoints": "off",
    }
    if shm_is_poor():
        chosen["dynamic_shared_memory_type"] = "mmap"
    lines = [_line(name, value) for name, value in chosen.items()]
    lines.append("include 'local.conf'")
    lines += [_line(name, value) for name, value in extra.items()]
    return "\n".join(lines) + "\n"


def shm_is_poor() -> bool:
    """Whether Linux's /dev/shm is missing, closed to others, or too small for parallel queries."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        space = os.statvfs("/dev/shm")
        mode = os.stat("/dev/shm").st_mode
    except OSError:
        return True
    return not mode & stat.S_IWOTH or space.f_blocks * space.f_frsize <= _SMALL_SHM


def _line(name: str, value: str) -> str:
    return f"{name} = '{value.replace(chr(39), chr(39) * 2)}'"


def _memory() -> int:
    """Bytes of memory that this process may use: the machine's, or its container's if less."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(machine, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return machine
