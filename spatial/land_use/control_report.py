"""The verdict on control lines as a page to print, in both languages."""

from html import escape

import pandas as pd

from spatial.land_use.control_lines import Checked
from spatial.land_use.control_rules_profile import EFFECTS, Rules

HECTARE, MU = 10_000.0, 10_000.0 / 15.0
#: Features that do not conform are listed up to here; the table of verdicts has them all.
LISTED = 500
_STYLE = """
body { font: 14px/1.5 sans-serif; max-width: 60em; margin: 2em auto; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #999; padding: .3em .5em; vertical-align: top; text-align: left }
td.number { text-align: right; white-space: nowrap }
.conforms { color: #1a7431 } .conditional { color: #9a6700 } .prohibited { color: #b42318 }
small { color: #555 }
"""
_RULES = (
    ("规则", "Rule"), ("面积 hm²", "Area, hm²"), ("面积 亩", "Area, mu"), ("占比", "Share"),
    ("结论", "Verdict"), ("依据", "Clause"), ("例外情形", "Exceptions"),
)  # fmt: skip
_FEATURES = (
    ("要素", "Feature"), ("规则", "Rule"), ("面积 hm²", "Area, hm²"), ("面积 亩", "Area, mu"),
    ("占比", "Share"), ("结论", "Verdict"),
)  # fmt: skip


def control_page(checked: Checked, rules: Rules, area: tuple[str, str], asof: str) -> bytes:
    """HTML, UTF-8: a row for each rule, then the project's features that do not conform.

    area: how areas are measured, in zh and en; asof: which state was read, to be cited.
    """
    verdicts = checked.verdicts
    whole = checked.certificate.balance["project"]
    by_rule = "".join(_rule(rows, whole) for _, rows in verdicts.groupby("rule", sort=False))
    broken = verdicts[verdicts["verdict"] != "conforms"]
    features = "".join(_feature(row) for _, row in broken.head(LISTED).iterrows())
    more = len(broken) - LISTED
    rest = f"<p>另有 {more} 行见结论表 · {more} more rows are in the table of verdicts</p>"
    balance = "闭合 closes" if checked.certificate.holds else "不闭合 does not close"
    return f"""<!doctype html><html lang="zh"><meta charset="utf-8">
<title>控制线检查 · Control-line check</title><style>{_STYLE}</style>
<h1>控制线检查 · Control-line check</h1>
<p>{_verdict(checked.verdict)}</p>
<p>项目面积 Area of the project: {whole / HECTARE:.4f} hm², {whole / MU:.2f} 亩</p>
{_table(_RULES, by_rule)}
<h2>不符合或有条件的要素 · Features that do not conform</h2>
{_table(_FEATURES, features)}{rest if more > 0 else ""}
<p><small>{escape(rules.title_zh)} · {escape(rules.title_en)}<br>
{escape(rules.note_zh)} {escape(rules.note_en)}<br>
面积口径 Area: {area[0]} · {area[1]}<br>时点 As of: {escape(asof)}<br>
面积平衡 Balance of areas: {balance}
({checked.certificate.residual:.6f} m²)</small></p></html>
""".encode()


def _table(headings: tuple[tuple[str, str], ...], rows: str) -> str:
    heads = "".join(f"<th>{zh}<br><small>{en}</small></th>" for zh, en in headings)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _rule(rows: pd.DataFrame, whole: float) -> str:
    """A rule over all of the project: the area that it takes, and the gravest verdict."""
    area = float(rows["area_m2"].sum())
    worst = max(rows["verdict"], key=list(EFFECTS).index)
    first = rows.iloc[0]
    exceptions = "<td></td>" if worst == "conforms" else _both(first, "exceptions")
    return (
        f"<tr>{_both(first, 'title')}{_sizes(area, area / whole)}<td>{_verdict(worst)}</td>"
        f"{_both(first, 'clause')}{exceptions}</tr>"
    )


def _feature(row: "pd.Series[str]") -> str:
    return (
        f"<tr><td>{row['project_fid']}</td>{_both(row, 'title')}"
        f"{_sizes(float(row['area_m2']), float(row['share']))}"
        f"<td>{_verdict(row['verdict'])}</td></tr>"
    )


def _sizes(area: float, share: float) -> str:
    words = (f"{area / HECTARE:.4f}", f"{area / MU:.2f}", f"{share:.2%}")
    return "".join(f'<td class="number">{word}</td>' for word in words)


def _verdict(effect: str) -> str:
    zh, en = EFFECTS[effect]
    return f'<strong class="{effect}">{zh}<br><small>{en}</small></strong>'


def _both(row: "pd.Series[str]", name: str) -> str:
    zh, en = escape(row[f"{name}_zh"]), escape(row[f"{name}_en"])
    return f"<td>{zh}<br><small>{en}</small></td>"
