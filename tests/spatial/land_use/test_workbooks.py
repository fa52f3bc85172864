"""Templates that people bring: filled by hand-computed figures, and what is refused in a line."""

from base64 import b64encode
from io import BytesIO

import pandas as pd
import pytest
from deciding import decide, put, squares
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

import spatial.analyses.known  # noqa: F401
from spatial.analyses import job_files, registry
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.land_use.balance import balance
from spatial.land_use.balance_documents import Sheet
from spatial.land_use.balance_workbook import balance_workbook, default_template
from spatial.land_use.code_tree import profile

ROWS = pd.DataFrame(
    {
        "zone": ["A", "A", "=B"],
        "code": ["0101", "0102", "1001"],
        "area_m2": [20_000.0, 10_000.0, 30_000.0],
        "parcels": [1, 2, 3],
    }
)


def sheet(level=2):
    tree = profile("planning")
    table = balance(ROWS, tree, level=level).table
    closed = Certificate("equal", 1, 1, 0, 0, "m²")
    return Sheet(table, "平衡表", "Balance", ("平面", "planar"), "2020", closed, 2, tree, level)


def template(cells, **more):
    book = Workbook()
    page = book.active
    for place, text in cells.items():
        page[place] = text
    for place, text in more.items():
        book.create_sheet("more")[place] = text
    return saved(book)


def saved(book):
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def filled(cells, level=2, **more):
    return load_workbook(BytesIO(balance_workbook(sheet(level), template(cells, **more))))


def test_figures_of_classes_and_zones_stand_where_the_template_wants_them():
    page = filled(
        {"A1": "{{title_zh}}（{{as_of}}）", "A2": "{{zh 01}}", "B2": "{{ area_hm2 01 }}",
         "C2": "{{area_hm2 0101 A}}", "D2": "{{area_hm2 *}}", "E2": "{{area_mu * =B}}",
         "F2": "{{area_hm2 07}}", "G2": "=B2*15", "H2": "{{area_hm2 0101}} hm²"}
    ).active  # fmt: skip
    found = [cell.value for cell in page[2]]
    assert page["A1"].value == "平衡表（2020）"
    assert found == ["耕地", 3, 2, 6, 45, 0, "=B2*15", "2.0 hm²"]
    assert page["G2"].data_type == "f"  # the template's own, for whoever opens it


def test_a_row_is_repeated_with_its_dress_and_what_is_below_moves_down():
    book = Workbook()
    page = book.active
    page.append(["{{area_zh}}"])
    page.append(["{{zone}}", "{{class}}", "{{area_hm2}}", "fixed"])
    page["C2"].number_format, page["D2"].font = "0.0", Font(italic=True)
    page.append(["foot", None])
    page.merge_cells("A3:B3")
    page.row_dimensions[3].height = 33
    made = load_workbook(BytesIO(balance_workbook(sheet(), saved(book)))).active
    rows = list(made.iter_rows(min_row=2, max_col=4, values_only=True))
    assert rows[:2] == [("全部 All", None, 6, "fixed"), ("全部 All", "0101", 2, "fixed")]
    assert rows[-2:] == [("A", "0102", 1, "fixed"), ("foot", None, None, None)]
    assert [row[0] for row in rows[4:6]] == ["=B", "=B"]
    assert made["A6"].data_type == "s"  # a name is no formula
    assert made["C5"].number_format == "0.0"
    assert made["D5"].font.i
    assert made["C2"].font.b  # the total
    assert [str(one) for one in made.merged_cells.ranges] == ["A11:B11"]
    assert made.row_dimensions[11].height == 33


def test_the_default_can_be_changed_and_given_back():
    ours = default_template(sheet())
    book = load_workbook(BytesIO(ours))
    assert [cell.value for cell in book.active[4]][:2] == ["{{zone}}", "{{class}}"]
    book.active["A1"] = "本市 {{title_zh}}"
    page = load_workbook(BytesIO(balance_workbook(sheet(), saved(book)))).active
    assert page["A1"].value == "本市 平衡表"
    assert page.max_row == 3 + 9 + 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK no zip", "cannot be read as an .xlsx workbook"),
        (template({"A1": "nothing"}), "has no placeholder"),
        (template({"B2": "{{area_hm2 9999}}"}), "cell B2: there is no '9999'"),
        (template({"B2": "{{area_hm2 01 Q}}"}), "cell B2: there is no 'Q': there is =B, A"),
        (template({"B2": "{{area_acre 01}}"}), "cell B2: there is no 'area_acre'"),
        (template({"B2": "{{nonsense}}"}), "cell B2: there is no 'nonsense'"),
        (template({"B2": "{{area_hm2 070102}}"}), "'070102' is below level 2"),
        (template({"A1": "{{zone}}", "A2": "{{class}}"}), "two rows to repeat, 1 and 2"),
        (template({"A1": "{{zone}}", "B1": "=1+1"}), "a formula in B1"),
    ],
)
def test_what_is_no_template_is_refused_in_a_line(content, reason):
    with pytest.raises(Invalid, match=reason):
        balance_workbook(sheet(), content)


def test_a_city_s_own_template_is_filled_by_a_job_and_cited_by_its_digest(database):
    put(database, "parcels", squares((0, 0, 100, 100), (100, 0, 200, 100), code=["0101", "1001"]))
    given = b64encode(template({"A1": "{{area_hm2 01}}", "A2": "{{area_zh}}"})).decode()
    document = decide(
        database, "land-use-balance", layer="parcels", code="code", area="planar", template=given
    )
    with database.begin() as tx:
        book = job_files.find(tx.pg, document["job"], "workbook").content
        lineage = tx.pg.execute(
            "SELECT lineage FROM city.layer WHERE name = %s", [document["outputs"]["layer"]]
        ).fetchone()[0]
    page = load_workbook(BytesIO(book)).active
    assert [page["A1"].value, page["A2"].value] == [1, "平面面积"]
    assert lineage["inputs"]["template"].startswith("sha256:")
    with pytest.raises(Invalid, match="no file, nor a file's content in base64"):
        registry.find("land-use-balance").parse({"layer": "parcels", "template": "form.xlsx"})
