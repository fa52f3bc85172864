"""Results of analyses have styles of their own, by columns that are there."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from styled import GLYPHS, VALIDATOR, url

from spatial.land_use import (
    balance_faults,
    buffer_overlap,
    code_crosswalk,
    control_line_check,
    coverage_check,
    growth_layer,
    land_use_change,
    plot_ratio,
)
from spatial.traffic import assignment, impact, network, state
from tiles.cartography import Look, class_column, look
from tiles.qgis_symbols import classes_of
from tiles.style import StyleLayer, style

COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(column.name for column in columns)
    for name, columns in {
        "control-line-check": control_line_check.EVIDENCE,
        "control-line-conflicts": control_line_check.CONFLICTS,
        "coverage-check": coverage_check.COLUMNS,
        "land-use-balance": balance_faults.FAULTS,
        "land-use-change": land_use_change.CHANGES,
        "code-crosswalk": code_crosswalk.COLUMNS,
        "plot-ratio": plot_ratio.COLUMNS,
        "growth": growth_layer.LAND,
        "buffer-overlap": buffer_overlap.PIECES,
        "network": network.FAULTS,
        "assignment": assignment.COLUMNS,
        "traffic-impact": impact.LINKS,
        "closure": impact.LINKS,
        "traffic-state": state.LINKS,
    }.items()
} | {
    "suitability": ("parcel_fid", "score"),
    "site-selection": ("parcel_fid", "score"),
    "land-efficiency": ("parcel", "class"),
    "land-use-overlay": ("land_code_1", "land_code_2"),
}
every_result = pytest.mark.parametrize("analysis", COLUMNS)


def of(analysis: str, columns: tuple[str, ...] | None = None) -> Look:
    title = {"zh": "成果", "en": "result"}
    return look("made", title, "polygon", columns or COLUMNS[analysis], "en", analysis)


@every_result
def test_every_result_is_coloured_by_a_column_that_it_has(analysis: str) -> None:
    its_look = of(analysis)
    assert its_look.classes
    assert its_look.classes["column"] in COLUMNS[analysis]
    assert class_column("made", COLUMNS[analysis], analysis) == its_look.classes["column"]
    assert len(its_look.legend) == len(its_look.classes["values"]) + 1 > 2
    expression, classes = classes_of(its_look, "zh")
    assert f'"{its_look.classes["column"]}"' in expression
    assert [one.colour for one in classes] == [one["colour"] for one in its_look.legend]


def test_a_result_without_the_column_is_drawn_like_any_other() -> None:
    assert of("suitability", ("other",)).classes is None
    assert of("", COLUMNS["suitability"]).classes is None


def test_scores_fall_into_the_ranges_that_the_legend_names() -> None:
    its_look = of("suitability")
    expression: Any = its_look.draw[0]["paint"]["fill-color"]
    case, known, step, unknown = expression
    assert (case, known) == ("case", ["==", ["typeof", ["get", "score"]], "number"])
    assert step[:2] == ["step", ["to-number", ["get", "score"]]]
    assert step[3:5] == [0.0, its_look.legend[0]["colour"]]
    assert unknown == its_look.legend[-1]["colour"]
    words, _ = classes_of(its_look, "en")
    assert words.startswith("""CASE WHEN "score" >= 0.8 THEN '0.8–1' WHEN "score" >= 0.6""")
    assert words.endswith("ELSE 'Not scored' END")


@pytest.mark.skipif(
    not (VALIDATOR.exists() and shutil.which("node")), reason="the screen's packages are not set up"
)
def test_maplibres_own_validator_accepts_them(tmp_path: Path) -> None:
    layers = [
        StyleLayer(
            name.replace("-", "_"), {"zh": name, "en": name}, "polygon", columns, 0, 14,
            derived=True, analysis=name, cells=("count", "area", "cover"),
        )
        for name, columns in COLUMNS.items()
    ]  # fmt: skip
    made = style(layers, url, glyphs_url=GLYPHS, name={"zh": "城", "en": "City"})
    path = tmp_path / "style.json"
    path.write_text(json.dumps(made), "utf-8")
    done = subprocess.run([VALIDATOR, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
