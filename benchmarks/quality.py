"""The quality report of a million features, made anew and again after an edit.

Target: seconds. `python -m benchmarks.quality [COUNT]`.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.city import buildings, city, seconds
from datasets.load import load
from spatial.describe import describe
from spatial.edit import edit
from spatial.grant import OWNER
from spatial.quality import quality

USES = {use: use for use in ("residential", "industry", "public")}


def main(count: int = 1_000_000) -> dict[str, float]:
    """Seconds of the first report, of one after an edit, and of a kept one."""
    with tempfile.TemporaryDirectory() as folder, city() as database:
        file = Path(folder) / "buildings.gpkg"
        buildings(count).to_file(file, layer="buildings")
        load(database, file, author="bench", rejects_dir=file.parent, key="name")
        describe(database, "buildings", {}, author="bench", codes={"use": USES})
        times = {"first": seconds(lambda: quality(database, "buildings", OWNER))}
        with edit(database, "buildings", author="bench") as editor:
            editor.update(1, {"floors": 3})
        times["edited"] = seconds(lambda: quality(database, "buildings", OWNER))
        times["kept"] = seconds(lambda: quality(database, "buildings", OWNER))
    print(f"quality of {count:,}: " + ", ".join(f"{k} {v:.2f} s" for k, v in times.items()))
    return times


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
