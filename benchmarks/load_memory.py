"""Peak memory of a load with ten times the features: it streams, with and without a key.

Target: <= 1.5 x. `python -m benchmarks.load_memory [SMALL LARGE]`. Each load is a process of its
own, and its peak is what the system says of that process.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyogrio

from benchmarks.city import buildings, city
from datasets.load import load
from spatial.database import Database

SMALL, LARGE = 500_000, 5_000_000
AT_ONCE = 250_000


def main(small: int = SMALL, large: int = LARGE) -> dict[str, float]:
    """Peaks' ratios, without a key and with one."""
    peaks: dict[tuple[str, int], float] = {}
    with tempfile.TemporaryDirectory() as name, city() as database:
        for count in (small, large):
            file = Path(name) / f"buildings_{count}.gpkg"
            write(file, count)
            for key in ("", "name"):
                told = _measured(database.conninfo, file, key)
                peaks[key, count] = told[1]
                print(
                    f"{count:>9,} features{', by key' if key else '':<8} {told[0]:7.1f} s"
                    f"   peak {told[1]:6.0f} MB"
                )
            file.unlink()
    results = {
        "plain": peaks["", large] / peaks["", small],
        "keyed": peaks["name", large] / peaks["name", small],
    }
    print("  ".join(f"{name}: {ratio:.2f} x" for name, ratio in results.items()))
    return results


def write(file: Path, count: int) -> None:
    """So many buildings, some at a time."""
    for start in range(0, count, AT_ONCE):
        frame = buildings(min(AT_ONCE, count - start), seed=start)
        frame["name"] = [f"building {start + n}" for n in range(len(frame))]
        pyogrio.write_dataframe(frame, file, append=start > 0)


def _measured(conninfo: str, file: Path, key: str) -> tuple[float, float]:
    """Seconds and peak MB of one load."""
    command = [sys.executable, "-m", __spec__.name, "load", conninfo, str(file), key]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(told[-2]), float(told[-1])


def _load(conninfo: str, file: Path, key: str) -> None:
    database, began = Database(conninfo), time.perf_counter()
    with tempfile.TemporaryDirectory() as rejects:
        load(
            database, file, author="bench", rejects_dir=Path(rejects), key=key or None,
            layer=f"{file.stem}_{key or 'plain'}",
        )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(time.perf_counter() - began, peak)


if __name__ == "__main__":
    if sys.argv[1:2] == ["load"]:
        _load(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        main(*map(int, sys.argv[1:]))
