"""Every file of the shared data loads with a truthful report, or is refused with one clear line.

torture.csv is the table of expectations: of each file, with the CRS that it is loaded with, the
rows read, repaired and rejected of all its layers, or a word of the line that refuses it. Rasters
may do either.
"""

import csv
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from conftest import fresh_city
from loading import Loader

from spatial.postgres.cluster import Cluster

EXPECTED = list(csv.DictReader(Path(__file__).with_name("torture.csv").open()))
GROUPS = {
    name: list(rows)
    for name, rows in groupby(EXPECTED, lambda row: "/".join(row["path"].split("/")[:-1][:3]))
}
SECONDS = 60
MEGABYTES = 600
TOP_LEVEL = ("README.md", "SHA256SUMS")


@pytest.fixture(scope="module")
def loader(cluster: Cluster) -> Iterator[Loader]:
    with fresh_city(cluster) as conninfo, Loader(conninfo) as loader:
        yield loader


def test_every_shared_file_is_expected(shared_data):
    there = {str(at.relative_to(shared_data)) for at in shared_data.rglob("*") if at.is_file()}
    assert there - {*TOP_LEVEL} == {row["path"] for row in EXPECTED} - {*TOP_LEVEL}
    assert len(there) > 300


@pytest.mark.parametrize("folder", GROUPS)
def test_files_load_or_say_why(folder, loader, shared_data):
    wrong = []
    for row in GROUPS[folder]:
        options = {"crs": row["crs"]} if row["crs"] else {}
        answer = loader.load(shared_data / row["path"], SECONDS, **options)
        if problem := _problem(row, answer, shared_data):
            wrong.append(f"{row['path']} {row['crs']}: {problem}")
    assert not wrong, "\n".join(wrong)


def _problem(row: dict[str, str], answer: dict[str, Any], shared_data: Path) -> str | None:
    """What is wrong with an answer, if anything is."""
    if "crashed" in answer:
        return str(answer["crashed"])
    if answer["left"] or answer["megabytes"] > MEGABYTES:
        return f"it left {answer['left']} layers and took {answer['megabytes']} MB"
    if "refused" in answer:
        return _unclear(row, answer["refused"], shared_data)
    if row["outcome"] == "raster":
        return None
    reports = answer["loaded"]
    if row["outcome"] != "loads":
        return f"it loaded: {reports}"
    for report in reports:
        if untruth := _untruth(report):
            return f"{untruth}: {report}"
    srids = "+".join(sorted({str(report["srid"]) for report in reports}))
    found = {name: _sums(reports, name) for name in ("read", "repaired", "rejected")}
    told = {name: row[name] for name in found}
    return None if (found, srids) == (told, row["srid"]) else f"{found} in {srids}"


def _unclear(row: dict[str, str], line: str, shared_data: Path) -> str | None:
    if row["outcome"] == "loads" or row["word"] not in line:
        return f"refused: {line}"
    clear = "\n" not in line and len(line) < 400 and str(shared_data) not in line
    return None if clear and "Traceback" not in line and "citytwin-" not in line else line


def _untruth(report: dict[str, Any]) -> str | None:
    """Where a report differs from the layer that is there and from its own rejects file."""
    if report["read"] != report["loaded"] + report["rejected"]:
        return "rows got lost"
    if report["loaded"] != report["stored"] or report["rejected"] != report.get("told", 0):
        return "it tells other numbers than are there"
    if report["invalid"] or report["placed"] not in (0, report["stored"]):
        return "some of its geometry is not right"
    return None


def _sums(reports: list[dict[str, Any]], name: str) -> str:
    return "+".join(str(report[name]) for report in reports)
