"""All measurements, one after the other: `make bench`. Takes about ten minutes."""

from benchmarks import (
    layers,
    overlay,
    overlay_job,
    overlay_memory,
    quality,
    queries,
    tiles,
    traffic,
    twin,
)

PARTS = (
    layers, quality, queries, tiles, traffic, twin, overlay_job, overlay_memory, overlay
)  # fmt: skip


def main() -> None:
    for part in PARTS:
        print(f"\n== {(part.__doc__ or '').splitlines()[0]}")
        part.main()


main()
