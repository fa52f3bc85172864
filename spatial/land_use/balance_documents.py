"""The balance as it is handed in: what is printed of it, and a page to print."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from spatial.certificate import Certificate
from spatial.land_use.code_tree import CodeTree

HTML = "text/html; charset=utf-8"
_FIGURES = {
    "area_hm2": ("面积 hm²", "Area, ha"),
    "area_mu": ("面积 亩", "Area, mu"),
    "share": ("占比 %", "Share, %"),
    "per_head_m2": ("人均 m²", "Per head, m²"),
}
_SIDES = {"base": ("基期", "Base"), "target": ("目标", "Target"), "change": ("增减", "Change")}
_STYLE = """
body { font: 13px/1.4 sans-serif; margin: 1.5em; color: #222 }
table { border-collapse: collapse; margin-bottom: 1.5em; page-break-inside: auto }
th, td { border: 1px solid #999; padding: .2em .5em } th { background: #eee }
td.n { text-align: right; font-variant-numeric: tabular-nums } tr.t { font-weight: bold }
h2 { page-break-after: avoid } small { color: #555 }
"""


@dataclass(frozen=True)
class Sheet:
    """What is printed: the table of a balance or of a change, and what it tells of.

    tree, level: the classes that there are, and of which level the table's are.
    """

    table: pd.DataFrame
    zh: str
    en: str
    area: tuple[str, str]
    asof: str
    certificate: Certificate
    decimals: int
    tree: CodeTree
    level: int

    @property
    def columns(self) -> list[tuple[str, str, str]]:
        """The figures in their order: column, and its heading in both languages."""
        made = []
        for name, (zh, en) in _FIGURES.items():
            if name in self.table:
                made.append((name, zh, en))
            for side, (by_zh, by_en) in _SIDES.items():
                if f"{name}_{side}" in self.table:
                    made.append((f"{name}_{side}", f"{by_zh} {zh}", f"{by_en} {en}"))
        return [one for one in made if self.table[one[0]].notna().any()]

    def zones(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each zone's rows, the whole first."""
        for zone, rows in self.table.groupby("zone", sort=False):
            yield zone_title(str(zone)), rows

    def digits(self, column: str) -> int:
        """Decimals that a figure is printed with."""
        return self.decimals if column.startswith("area") else 2

    def figure(self, column: str, value: float) -> str:
        """As it is printed."""
        return "" if pd.isna(value) else f"{value:,.{self.digits(column)}f}"

    @property
    def foot(self) -> str:
        """Which area, which moment, and whether it closes."""
        closes = "闭合 closes" if self.certificate.holds else "不闭合 does not close"
        return (
            f"面积口径 Area: {self.area[0]} · {self.area[1]}；时点 As of: {self.asof}；"
            f"平衡 Balance: {closes} ({self.certificate.residual:.6f} m²)；"
            "* 为闭合而调整末位的数 last digit moved so that figures close"
        )


def zone_title(zone: str) -> str:
    """As a zone is printed; '' is all of them."""
    return zone or "全部 All"


def balance_page(sheet: Sheet) -> bytes:
    """HTML, UTF-8: a table for each zone."""
    heads = "".join(f"<th>{zh}<br><small>{en}</small></th>" for _, zh, en in sheet.columns)
    body = []
    for zone, rows in sheet.zones():
        lines = "".join(_line(sheet, row) for row in rows.to_dict("records"))
        body.append(
            f"<h2>{escape(zone)}</h2><table><tr><th>编码<br><small>Code</small></th>"
            f"<th>地类<br><small>Class</small></th>{heads}</tr>{lines}</table>"
        )
    return f"""<!doctype html><html lang="zh"><meta charset="utf-8">
<title>{sheet.zh} · {sheet.en}</title><style>{_STYLE}</style>
<h1>{sheet.zh} · {sheet.en}</h1>{"".join(body)}
<p><small>{escape(sheet.foot)}</small></p></html>
""".encode()


def _line(sheet: Sheet, row: dict[Any, Any]) -> str:
    moved = str(row["adjusted"])
    cells = "".join(
        f'<td class="n">{sheet.figure(name, float(str(row[name])))}'
        f"{' *' if was_moved(name, moved) else ''}</td>"
        for name, _, _ in sheet.columns
    )
    title = f"{escape(str(row['zh']))}<br><small>{escape(str(row['en']))}</small>"
    kind = "" if row["class"] else ' class="t"'
    return f"<tr{kind}><td>{escape(str(row['class']))}</td><td>{title}</td>{cells}</tr>"


def was_moved(column: str, moved: str) -> bool:
    """Whether a row's `adjusted` names the figure."""
    figure, _, side = column.rpartition("_")
    if side not in _SIDES:
        return column in moved.split(", ")
    own = [one.split(": ", 1) for one in moved.split("; ") if one]
    return any(by == side and figure in said.split(", ") for by, said in own)
