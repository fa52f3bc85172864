"""The verdict on control lines as a page to print, in both languages."""

from html import escape

import pandas as pd

from spatial.land_use.control_lines import Checked
from spatial.land_use.control_rules_profile import EFFECTS, Rules

HECTARE, MU = 10_000.0, 10_000.0 / 15.0
_STYLE = """
body { font: 14px/1.5 sans-serif; max-width: 60em; margin: 2em auto; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #999; padding: .3em .5em; vertical-align: top; text-align: left }
td.number { text-align: right; white-space: nowrap }
.conforms { color: #1a7431 } .conditional { color: #9a6700 } .prohibited { color: #b42318 }
small { color: #555 }
"""
_HEADINGS = (
    ("项目", "Project"), ("规则", "Rule"), ("面积 hm²", "Area, hm²"), ("面积 亩", "Area, mu"),
    ("占比", "Share"), ("结论", "Verdict"), ("依据", "Clause"), ("例外情形", "Exceptions"),
)  # fmt: skip


def control_page(checked: Checked, rules: Rules, asof: str) -> bytes:
    """HTML, UTF-8: a row for each project feature and rule. asof: which state, to be cited."""
    zh, en = EFFECTS[checked.verdict]
    heads = "".join(f"<th>{a}<br><small>{b}</small></th>" for a, b in _HEADINGS)
    rows = "".join(_row(row) for _, row in checked.verdicts.iterrows())
    balance = "闭合 closes" if checked.certificate.holds else "不闭合 does not close"
    return f"""<!doctype html><html lang="zh"><meta charset="utf-8">
<title>控制线检查 · Control-line check</title><style>{_STYLE}</style>
<h1>控制线检查 · Control-line check</h1>
<p class="{checked.verdict}"><strong>{zh} · {en}</strong></p>
<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>
<p><small>{escape(rules.title_zh)} · {escape(rules.title_en)}<br>
{escape(rules.note_zh)} {escape(rules.note_en)}<br>
时点 As of: {escape(asof)}<br>面积平衡 Balance of areas: {balance}
({checked.certificate.residual:.6f} m²)</small></p></html>
""".encode()


def _row(row: "pd.Series[str]") -> str:
    area = float(row["area_m2"])
    said = [
        _both(row, "title"),
        f'<td class="number">{area / HECTARE:.4f}</td><td class="number">{area / MU:.2f}</td>'
        f'<td class="number">{float(row["share"]):.2%}</td>',
        f'<td class="{row["verdict"]}">{row["verdict_zh"]}<br>'
        f"<small>{row['verdict_en']}</small></td>",
        _both(row, "clause"),
        _both(row, "exceptions"),
    ]
    return f"<tr><td>{row['project_fid']}</td>{''.join(said)}</tr>"


def _both(row: "pd.Series[str]", name: str) -> str:
    zh, en = escape(row[f"{name}_zh"]), escape(row[f"{name}_en"])
    return f"<td>{zh}<br><small>{en}</small></td>"
