"""The analysis `code-crosswalk`: a layer's codes in another classification."""

from collections.abc import Mapping
from typing import Annotated

import pandas as pd
from pydantic import BeforeValidator, Field

from spatial import crs
from spatial.analyses.inputs import Inputs, Label, LayerName, OptionalLayer
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.land_use.code_tree import CodeTree, crosswalk, profile, tree_of
from spatial.land_use.criteria import read_json
from spatial.land_use.ground import read, require_columns
from spatial.layer import Column

COLUMNS = (
    Column("source_fid", "bigint", "原要素号"),
    Column("source_code", "text", "原编码"),
    Column("target_code", "text", "目标编码"),
    Column("target_zh", "text", "目标类名"),
    Column("target_en", "text"),
    Column("status", "text", "状态"),
    Column("candidates", "text", "候选编码"),
)
MAPPING = (*COLUMNS[1:], Column("features", "bigint", "要素数"))
STATUSES = ("one", "chosen", "ambiguous", "unmapped", "unknown", "missing")


class CrosswalkInputs(Inputs):
    """Which codes, of what, into what."""

    layer: Annotated[LayerName, Label("图层或表", "layer or table")]
    code: Annotated[str, Label("编码字段", "the column of codes")]
    source: Annotated[
        str, Label("原分类：gb21010、survey、planning、generic", "their classification")
    ] = "survey"
    target: Annotated[
        str, Label("目标分类，同上，或 JSON 行 [编码, 上级, 中文, 英文]",
                   "the other: likewise, or JSON rows of [code, parent, zh, en]")
    ] = "planning"  # fmt: skip
    mapping: Annotated[
        OptionalLayer,
        Label("本市对照表：字段 source、target", "a city's own table: columns source and target"),
    ] = None
    choices: Annotated[
        dict[str, str],
        BeforeValidator(read_json),
        Label("一对多编码的取值：JSON", "which to take of ambiguous codes, as JSON"),
    ] = Field(default_factory=dict)


@analysis(
    "code-crosswalk",
    zh="用地编码转换",
    en="Code crosswalk",
    about_zh="在 GB/T 21010-2017、国土调查工作分类、2023 年用地用海分类、通用与本市编码之间转换；"
    "一对多的编码列出全部候选，未知与缺失的编码单列，任何要素都不丢弃。",
    about_en="Between GB/T 21010-2017, the land survey's classes, the 2023 land and sea use "
    "classes, plain ones and a city's own; ambiguous codes with all their candidates, unknown and "
    "missing ones told, and no feature dropped.",
)
def code_crosswalk(run: Run, inputs: CrosswalkInputs) -> Outcome:
    """Read, translate each distinct code once, write; raises Invalid for choices that are none."""
    frame, *own = read(run, [one for one in (inputs.layer, inputs.mapping) if one is not None])
    require_columns(frame, "layer", [inputs.code])
    tree = tree_of(inputs.target)
    links = _own(own[0]) if own else dict(crosswalk(inputs.source, inputs.target))
    known = set(links) if own else set(profile(inputs.source).titles)
    codes = frame[inputs.code].map(lambda code: str(code).strip(), na_action="ignore")
    rows = translate(sorted(set(codes.dropna())), links, known, tree, inputs.choices)
    made = pd.DataFrame(
        {"geometry": frame.geometry.to_numpy(), "source_fid": frame["fid"].to_numpy()}
    )
    made["source_code"] = codes.to_numpy()
    made = made.merge(rows, on="source_code", how="left")
    made["status"] = made["status"].fillna("missing")
    counts = made.groupby("source_code", dropna=False).size().rename("features").reset_index()
    table = rows.merge(counts, on="source_code", how="right")
    table["status"] = table["status"].fillna("missing")
    srid = crs.srid(frame.crs)
    by_status = made["status"].value_counts()
    return Outcome(
        {
            "layer": new_layer(run, made, COLUMNS, srid, geometry_type="Geometry"),
            "mapping": new_layer(
                run, table, MAPPING, srid, key="mapping", title_zh="对照表", title_en="mapping"
            ),
        },
        Certificate(
            "features of the layer = features by status", len(frame),
            int(by_status.sum()), abs(len(frame) - int(by_status.sum())), 0, "features",
            balance={status: float(by_status.get(status, 0)) for status in STATUSES},
        ),
        {
            "features_by_status": {one: int(by_status.get(one, 0)) for one in STATUSES},
            **{
                f"{one}_codes": table.loc[table["status"] == one, "source_code"].tolist()
                for one in ("ambiguous", "unmapped", "unknown")
            },
        },
    )  # fmt: skip


def translate(
    codes: list[str],
    links: Mapping[str, tuple[str, ...]],
    known: set[str],
    tree: CodeTree,
    choices: Mapping[str, str],
) -> pd.DataFrame:
    """A row for each code: source_code, target_code, its titles, status and candidates.

    one: there is one code; chosen: of several, as `choices` has it; ambiguous: of several the
    nearest class above them all, or none; unmapped: known, but without a like; unknown: no code
    of the source. Raises Invalid where a choice is not among the candidates.
    """
    for code, choice in choices.items():
        if choice not in links.get(code, ()):
            raise Invalid(f"'{code}' cannot become '{choice}': it may be {links.get(code, ())}")
    rows = []
    for code in codes:
        may = links.get(code, ())
        target = choices.get(code) or (may[0] if len(may) == 1 else tree.common(may))
        status = (
            "unknown" if code not in known
            else "chosen" if code in choices and len(may) > 1
            else ("unmapped", "one")[len(may)] if len(may) < 2
            else "ambiguous"
        )  # fmt: skip
        zh, en = tree.titles.get(target, (None, None))
        rows.append((code, target or None, zh, en, status, ", ".join(may)))
    names = [column.name for column in COLUMNS[1:]]
    return pd.DataFrame(rows, columns=names).astype({"source_code": object})


def _own(table: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    require_columns(table, "mapping", ["source", "target"])
    pairs = table[["source", "target"]].dropna().astype(str)
    return {str(code): tuple(sorted(set(part))) for code, part in pairs.groupby("source")["target"]}
