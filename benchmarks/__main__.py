"""All measurements, one after the other: `make bench`. Takes about half an hour."""

from benchmarks import (
    areas,
    balances,
    hydrology,
    inundation,
    layers,
    live,
    load,
    load_memory,
    merewether,
    mqtt,
    operations,
    overlay,
    overlay_job,
    overlay_memory,
    quality,
    queries,
    screen,
    serving,
    tiles,
    traffic,
    twin,
)

PARTS = (
    layers, quality, queries, tiles, serving, load, load_memory, traffic, hydrology, inundation,
    merewether, twin, operations, live, screen, mqtt, overlay_job, overlay_memory, overlay, areas,
    balances,
)  # fmt: skip


def main() -> None:
    for part in PARTS:
        print(f"\n== {(part.__doc__ or '').splitlines()[0]}")
        part.main()


main()
