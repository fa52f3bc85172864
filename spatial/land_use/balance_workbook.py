"""The balance as a filled workbook: in a city's own template, or in ours."""

from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from spatial.errors import Invalid
from spatial.land_use.balance_documents import Sheet, was_moved, zone_title
from spatial.land_use.workbook_template import Row, Values, Word, fill

_MOVED = PatternFill("solid", fgColor="FFF2CC")
_WORDS = (("zone", "分区", "Zone"), ("class", "编码", "Code"), ("zh", "地类", "Class"),
          ("en", "", ""))  # fmt: skip


def balance_workbook(sheet: Sheet, template: bytes) -> bytes:
    """The template filled; figures that were moved are coloured.

    Raises Invalid as `workbook_template.fill` does.
    """
    return fill(template, SheetValues(sheet))


def default_template(sheet: Sheet) -> bytes:
    """A workbook of one sheet whose one row of placeholders becomes the rows of the table."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = sheet.zh[:31]
    heads = [*_WORDS, *sheet.columns]
    page.append(["{{title_zh}} {{title_en}}"])
    page.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(heads))
    page["A1"].font, page["A1"].alignment = Font(bold=True, size=14), Alignment(horizontal="center")
    page.append([zh for _, zh, _ in heads])
    page.append([en for _, _, en in heads])
    page.append([f"{{{{{name}}}}}" for name, _, _ in heads])
    thin = Side(style="thin", color="999999")
    for line in page.iter_rows(min_row=2, max_row=4, max_col=len(heads)):
        for cell in line:
            cell.border = Border(top=thin, bottom=thin, left=thin, right=thin)
    for at, (name, _, _) in enumerate(heads, 1):
        page.column_dimensions[get_column_letter(at)].width = 18
        if at > len(_WORDS):
            digits = sheet.digits(name)
            page.cell(4, at).number_format = "#,##0" + ("." + "0" * digits if digits else "")
    page.freeze_panes = "E4"
    page.append(["{{foot}}"])
    content = BytesIO()
    book.save(content)
    return content.getvalue()


class SheetValues(Values):
    """What placeholders can stand for in a balance.

    On their own: title_zh, title_en, area_zh, area_en, as_of and foot. In the row that is repeated:
    the table's columns. A figure of one class and zone: its column, the class (`*` all of them)
    and the zone (without one, all of them).
    """

    def __init__(self, sheet: Sheet) -> None:
        rows: list[dict[str, Word]] = [
            {str(name): value for name, value in row.items()}
            for row in sheet.table.to_dict("records")
        ]
        super().__init__(
            single={
                "title_zh": sheet.zh, "title_en": sheet.en, "area_zh": sheet.area[0],
                "area_en": sheet.area[1], "as_of": sheet.asof, "foot": sheet.foot,
            },
            rows=[row | {"zone": zone_title(str(row["zone"]))} for row in rows],
        )  # fmt: skip
        self._sheet = sheet
        self._known: dict[tuple[str, str], Row] = {
            (str(row["class"]), str(row["zone"])): row for row in rows
        }
        self._zones = {zone for _, zone in self._known}
        self._figures = {name for name, _, _ in sheet.columns}

    def figure(self, words: list[str]) -> Word:
        """Of [column, class] or [column, class, zone].

        A class above those of the table is the sum of these; one without parcels has no area.
        """
        name, code, *more = words
        code, zone = "" if code == "*" else code, " ".join(more)
        if name not in self.rows[0]:
            self.refuse(name, self.rows[0])
        if zone not in self._zones:
            self.refuse(zone, self._zones - {""})
        if (code, zone) in self._known:
            return self._known[code, zone][name]
        tree, level = self._sheet.tree, self._sheet.level
        if code not in tree.titles:
            self.refuse(code, {one for one, _ in self._known})
        if level and len(tree.path(code)) > level:
            raise Invalid(f"the class '{code}' is below level {level}, at which areas are summed")
        if name not in self._figures:
            return tree.titles[code][("zh", "en").index(name)] if name in ("zh", "en") else ""
        own = (self._known.get((one, zone), {}).get(name) for one in tree.below(code))
        return round(sum(float(one or 0) for one in own), 9)

    def dress(self, cell: Any, row: Row, name: str) -> None:
        """Totals in bold, figures that were moved in colour."""
        if was_moved(name, str(row["adjusted"])):
            cell.fill = _MOVED
        if not row["class"]:
            font = cell.font.__copy__()
            cell.font = Font(name=font.name, sz=font.sz, color=font.color, b=True, i=font.i)
