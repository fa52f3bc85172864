"""What the catalogue's pages share: their words in both languages, their look, their frame."""

from html import escape
from urllib.parse import urlencode

from ogc_api import context

_WORDS = {
    "title": ("数据资源目录", "Data catalogue"), "search": ("查找", "Search"),
    "words": ("名称、说明", "words"), "theme": ("主题", "Theme"), "any": ("全部主题", "any theme"),
    "place": ("范围：西,南,东,北", "place: west,south,east,north"), "time": ("时间", "time"),
    "found": ("条", "found"), "code": ("资源代码", "Code"), "class": ("共享类别", "Class"),
    "owner": ("责任部门", "Owner"), "area": ("管辖区域", "Area"), "crs": ("坐标系", "CRS"),
    "frequency": ("更新频率", "Renewed"), "licence": ("许可", "Licence"),
    "contact": ("联系方式", "Contact"), "extent": ("空间范围", "Extent"),
    "since": ("起始时间", "Since"), "recorded": ("最近登记", "Last recorded"),
    "lineage": ("数据来源", "Lineage"), "quality": ("数据质量", "Quality"),
    "features": ("要素", "features"), "field": ("字段", "Field"),
    "filled": ("已填写", "Filled"), "share": ("完整率", "Completeness"),
    "missing": ("缺图形", "Without geometry"), "empty": ("空图形", "Empty geometry"),
    "invalid": ("无效图形", "Invalid geometry"), "outside": ("超出坐标系适用范围", "Out of place"),
    "repeated": ("重复图形", "Repeated geometry"), "overdue": ("逾期未更新", "overdue"),
    "unkeyed": ("缺标识", "Without key"), "doubled": ("标识重复", "Repeated key"),
    "unknown": ("不在代码表内", "Not in the code list"), "checks": ("检查", "Checks"),
    "fine": ("检查无问题", "no check fails"), "problems": ("项有问题", "checks fail"),
    "days": ("天前登记", "days since it was recorded"), "data": ("下载与接口", "Data"),
    "back": ("数据资源目录", "Data catalogue"), "about": ("资源信息", "About"),
    "history": ("变更记录", "History"), "when": ("时间", "When"), "what": ("操作", "What"),
    "who": ("操作者", "Who"), "opened": ("写入", "Written"), "closed": ("终止", "Ended"),
    "cursor": ("序号", "Cursor"), "all": ("全部变更", "all changes"), "type": ("图形", "Geometry"),
    "public": ("无条件开放", "public"), "shared": ("无条件共享", "shared"),
    "restricted": ("有条件共享或不予共享", "restricted"), "key": ("标识字段", "Key"),
    "load": ("入库", "load"), "reload": ("更新入库", "reload"), "edit": ("编辑", "edit"),
    "revert": ("撤销", "revert"), "erase": ("依法删除", "erase"), "apply": ("接收", "apply"),
    "classify": ("调整共享类别", "new class"), "clock": ("时点到达", "time has come"),
    "read": ("读取", "read"), "repaired": ("修复", "repaired"), "rejected": ("拒收", "rejected"),
    "received": ("接收自", "received from"), "analysis": ("分析", "analysis"),
    "inputs": ("输入", "inputs"), "sources": ("源图层", "sources"), "as_of": ("时点", "as of"),
    "certificate": ("核验", "certificate"), "job": ("任务", "job"),
    "adopt": ("方案采纳", "adopt"), "report": ("质量报告", "Quality report"),
    "continual": ("实时", "continually"), "daily": ("每日", "daily"), "weekly": ("每周", "weekly"),
    "monthly": ("每月", "monthly"), "quarterly": ("每季", "quarterly"),
    "annually": ("每年", "annually"), "asNeeded": ("按需", "as needed"), "map": ("地图", "Map"),
}  # fmt: skip
_STYLE = """
:root{--ink:#1c2733;--soft:#5b6875;--line:#e3e7eb;--blue:#0b5fa5;--bad:#b3261e;--good:#1d7a46}
*{box-sizing:border-box}
body{font:15px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;margin:0;color:var(--ink);
background:#f4f6f8}
main{max-width:64rem;margin:auto;padding:1.2rem 1.2rem 3rem}
a{color:var(--blue);text-decoration:none}a:hover{text-decoration:underline}
header{display:flex;justify-content:space-between}
h1{font-size:1.6rem;margin:.4rem 0 .2rem}h2{font-size:1.05rem;margin:1.8rem 0 .5rem}
form{display:flex;flex-wrap:wrap;gap:.5rem}input,select,button{font:inherit;padding:.35rem .6rem;
border:1px solid #c5ccd4;border-radius:4px;background:#fff}input[name=q]{flex:1 1 14rem}
button{background:var(--blue);color:#fff;border-color:var(--blue)}
li,section{background:#fff;border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem}
li{list-style:none;margin:.6rem 0}ul{padding:0}small{color:var(--soft)}
table{border-collapse:collapse;width:100%}tr:last-child>*{border-bottom:0}
td,th{padding:.32rem .6rem .32rem 0;border-bottom:1px solid #edf0f3;text-align:left;
vertical-align:top;font-weight:400}th{color:var(--soft)}td{overflow-wrap:anywhere}
.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:var(--bad);font-weight:600}
.good{color:var(--good);font-weight:600}
.two{display:grid;grid-template-columns:3fr 2fr;gap:1rem}.two>*{min-width:0}
.chips span{display:inline-block;background:#fff;border:1px solid var(--line);border-radius:1rem;
padding:.1rem .75rem;margin:.3rem .4rem .3rem 0}
.bar{background:#e8ecf0;border-radius:3px;height:.6rem;min-width:6rem;margin-top:.45rem}
.bar i{display:block;height:100%;border-radius:3px;background:var(--blue)}
svg{width:100%;height:16rem;background:#f8fafb;border-radius:4px}
svg path{fill:#0b5fa533;stroke:var(--blue);vector-effect:non-scaling-stroke}
svg rect{fill:none;stroke:#9aa7b4;stroke-dasharray:4 3;vector-effect:non-scaling-stroke}
.links a{display:inline-block;border:1px solid var(--line);border-radius:4px;background:#fff;
padding:.2rem .7rem;margin:0 .4rem .4rem 0}
@media(max-width:46rem){.two{grid-template-columns:1fr}}
"""


def tongue() -> str:
    """The language asked for, zh or en."""
    return "en" if context.language.get().startswith("en") else "zh"


def said(word: str) -> str:
    """A word of the pages in the language asked for; one that they do not know as it is."""
    return _WORDS[word][tongue() == "en"] if word in _WORDS else word


def page(title: str, body: str) -> str:
    """A whole page, with the way to the other language."""
    language = "en" if tongue() == "en" else "zh-CN"
    other = {**context.query.get(), "lang": "zh-CN" if language == "en" else "en-US"}
    switch = (
        f'<a href="?{escape(urlencode(other))}">{"中文" if language == "en" else "English"}</a>'
    )
    back = f'<a href="/catalogue/">← {said("back")}</a>' if title != said("title") else ""
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<main><header><span>{back}</span>{switch}</header>{body}</main></html>"
    )
