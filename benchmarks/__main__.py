"""All measurements, one after the other: `make bench`. Takes about ten minutes."""

from benchmarks import layers, overlay, overlay_job, overlay_memory, quality, queries, tiles, twin


def main() -> None:
    for part in (layers, quality, queries, tiles, twin, overlay_job, overlay_memory, overlay):
        print(f"\n== {(part.__doc__ or '').splitlines()[0]}")
        part.main()


main()
