"""Land efficiency by hand: three enterprises on two parcels."""

import pandas as pd
import pytest
from conftest import fresh_city
from deciding import decide, output, put, squares, table

import spatial.analyses.known  # noqa: F401
from spatial.analyses import job_files, registry
from spatial.database import Database
from spatial.errors import Invalid
from spatial.land_use.efficiency import classify, efficiency

CLASSES = {"A": 0.2, "B": 0.5, "C": 0.25, "D": 0.05}
AREA = {"P1": 20_000.0, "P2": 10_000.0}
ROWS = pd.DataFrame(
    {
        "enterprise": ["mill", "press", "foundry", "mill"],
        "parcel": ["P1", "P1", "P2", "P9"],
        "tax": [300.0, 50.0, 100.0, 7.0],
        "floor_area": [15_000.0, 5_000.0, 4_000.0, 10.0],
    }
)


def test_by_hand():
    """P1's land is shared 3 to 1. Mean tax 150 and floor 8000 per hm²; no figure counts twice."""
    made = efficiency(AREA, ROWS, {"tax": 3, "floor_area": 1}, CLASSES)
    rows = made.enterprises.set_index("enterprise")
    assert dict(rows["land_m2"]) == {"mill": 15_000, "press": 5_000, "foundry": 10_000}
    assert rows["tax_per_hm2"].to_dict() == {"mill": 200, "press": 100, "foundry": 100}
    assert rows["tax_per_mu"]["mill"] == pytest.approx(300 / 22.5)
    assert made.benchmarks == {"tax": 150, "floor_area": 8000}
    assert rows["score"]["mill"] == pytest.approx(75 * 200 / 150 + 25 * 10_000 / 8000)
    assert rows["score"]["foundry"] == pytest.approx(75 * 100 / 150 + 25 * 0.5)
    assert rows["rank"].to_dict() == {"mill": 1, "press": 2, "foundry": 3}
    parcels = made.parcels.set_index("parcel")
    assert parcels["plot_ratio"].to_dict() == {"P1": 1.0, "P2": 0.4}
    assert made.unmatched["parcel"].to_list() == ["P9"]
    assert made.certificate.balance["tax, on known parcels"] == 450
    assert made.certificate.balance["tax, whole table"] == 457
    assert made.certificate.holds


def test_a_figure_counts_at_most_half_as_much_again_and_not_below_nothing():
    rows = ROWS.assign(tax=[9000.0, -50.0, 0.0, 0.0])
    score = efficiency(AREA, rows, {"tax": 1}, CLASSES, {"tax": 100}).enterprises
    assert score.set_index("enterprise")["score"].to_dict() == {
        "mill": 150, "press": 0, "foundry": 0,
    }  # fmt: skip


def test_declared_land_that_is_more_or_less_than_there_is():
    rows = ROWS.assign(land_m2=[12_000.0, 12_000.0, 6_000.0, 1.0])
    certificate = efficiency(AREA, rows, {"tax": 1}, CLASSES).certificate
    assert (certificate.balance["not allotted"], certificate.balance["allotted twice"]) == (
        4000, 4000,
    )  # fmt: skip
    assert certificate.holds
    assert "on 1 parcels the enterprises have more land" in " ".join(certificate.notes)


def test_unknown_figures_leave_no_rank_and_floor_that_is_unknown_shares_evenly():
    rows = ROWS.assign(tax=[300.0, None, 100.0, 0.0], floor_area=[1.0, None, 1.0, 1.0])
    made = efficiency(AREA, rows, {"tax": 1}, CLASSES).enterprises.set_index("enterprise")
    assert made["land_m2"]["mill"] == made["land_m2"]["press"] == 10_000
    assert pd.isna(made["rank"]["press"])
    assert pd.isna(made["class"]["press"])


def test_classes_by_share_of_the_ranked_and_ties_in_the_better():
    assert classify(pd.Series(range(1, 21)), CLASSES) == [*"A" * 4, *"B" * 10, *"C" * 5, "D"]
    assert classify(pd.Series([1, 1, 3, None]), {"A": 1, "B": 2}) == ["A", "A", "B", None]


def test_what_cannot_be_is_refused():
    with pytest.raises(Invalid, match="'mill' has floor_area below zero"):
        efficiency(AREA, ROWS.assign(floor_area=-1.0), {"floor_area": 1}, CLASSES)
    with pytest.raises(Invalid, match="no row of the table names a parcel"):
        efficiency({"Q": 1.0}, ROWS, {"tax": 1}, CLASSES)


@pytest.fixture(scope="module")
def works(cluster):
    with fresh_city(cluster) as conninfo:
        database = Database(conninfo)
        put(database, "lots", squares((0, 0, 200, 100), (200, 0, 300, 100), (300, 0, 310, 10),
                                      code=[1, 2, 3]))  # fmt: skip
        put(database, "firms", table(
            firm=["mill", "press", "foundry", "mill"], lot=["1", "1", "2", "9"],
            tax=[300.0, 50.0, 100.0, 7.0], floor=[15_000.0, 5_000.0, 4_000.0, 10.0],
            word=["a", "b", "c", "d"],
        ))  # fmt: skip
        yield database
        database.close()


ASK = {"parcels": "lots", "parcel_key": "code", "enterprises": "firms", "enterprise": "firm",
       "parcel": "lot", "tax": "tax", "floor_area": "floor"}  # fmt: skip


def test_from_a_table_to_a_layer_a_table_and_a_map(works):
    document = decide(works, "land-efficiency", **ASK, weights='{"tax": 3, "floor_area": 1}')
    parcels = output(works, document)
    assert parcels["parcel"].to_list() == ["1", "2"]
    assert parcels["plot_ratio"].to_list() == pytest.approx([1.0, 0.4])
    firms = output(works, document, "enterprises")
    assert firms["class"].to_list() == ["C", "A", "B"]
    summary = document["summary"]
    assert (summary["rows_without_parcel"], summary["unknown_parcels"]) == (1, ["9"])
    assert summary["parcels_without"] == 1
    with works.begin() as tx:
        assert b"<svg" in job_files.find(tx.pg, document["job"], "map").content


def test_what_is_wrong_with_the_table_is_told_in_a_line(works):
    with pytest.raises(AssertionError, match="'enterprises' has no column lots: it has firm"):
        decide(works, "land-efficiency", **ASK | {"parcel": "lots"})
    with pytest.raises(AssertionError, match="column word holds words"):
        decide(works, "land-efficiency", **ASK | {"tax": "word"})
    put(works, "twice", squares((0, 0, 1, 1), (2, 0, 3, 1), code=[1, 1]))
    with pytest.raises(AssertionError, match="the key '1' twice"):
        decide(works, "land-efficiency", **ASK | {"parcels": "twice"})
    for wrong, reason in (
        ({"tax": None, "floor_area": None}, "one at least of output, tax"),
        ({"weights": {"tax": 1}}, "weigh all figures"),
        ({"benchmarks": {"jobs": 1}}, "its column is not named"),
        ({"weights": {"tax": -1, "floor_area": 1}}, "greater than 0"),
    ):
        with pytest.raises(Invalid, match=reason):
            registry.find("land-efficiency").parse(ASK | wrong)
