"""The analysis `land-use-change`: the change matrix between two moments or two layers."""

from typing import Annotated

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from psycopg import sql
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.reading import readings
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewFile, Outcome, Run
from spatial.certificate import Certificate
from spatial.database import Database, Pg
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.land_use.areas import AreaChoice, AreaMethod, area_method, area_sql, measure
from spatial.land_use.change import NOTHING, change_pieces, matrix
from spatial.land_use.class_areas import by_column
from spatial.land_use.code_tree import CodeTree, tree_of
from spatial.land_use.polygons import tidy
from spatial.land_use.sankey import sankey
from spatial.layer import Column
from spatial.query import Reading

CHANGES = (
    Column("base_fid", "bigint", "基期要素号"),
    Column("target_fid", "bigint", "末期要素号"),
    Column("base_code", "text", "基期编码"),
    Column("target_code", "text", "末期编码"),
    Column("base", "text", "基期地类"),
    Column("target", "text", "末期地类"),
    Column("area_m2", "double precision", "面积"),
    Column("sliver", "boolean", "狭长面"),
)
MATRIX = (
    Column("base", "text", "基期地类"),
    Column("target", "text", "末期地类"),
    Column("base_zh", "text"),
    Column("base_en", "text"),
    Column("target_zh", "text"),
    Column("target_en", "text"),
    Column("area_m2", "double precision", "面积"),
    Column("share", "double precision", "占基期比例"),
    Column("pieces", "bigint", "图斑数"),
)
#: In degrees and on the ellipsoid the edges of two states are not straight in one plane.
RELATIVE, CURVED = 1e-9, 1e-6
SUMS = {"area_m2": float, "parcels": int}


class ChangeInputs(Inputs):
    """Which two states, in which classes."""

    base: Annotated[LayerName, Label("基期用地，如 parcels?datetime=2012", "parcels before")]
    target: Annotated[LayerName, Label("末期用地", "parcels after")]
    code: Annotated[str, Label("地类编码字段", "the column of codes")] = "land_code"
    codes: Annotated[
        str,
        Label("分类：gb21010、survey、planning、generic，或 JSON 行",
              "their classification: gb21010, survey, planning, generic, or JSON rows"),
    ] = "planning"  # fmt: skip
    level: Annotated[
        int, Field(ge=0, le=9), Label("级别：1 一级类……，0 原编码", "level: 1 the top, 0 the codes")
    ] = 1
    sliver: Annotated[
        float,
        Field(ge=0),
        Label("狭长面的平均宽度上限，不计为变化", "mean width below which a piece is no change",
              unit="unit of the base's CRS"),
    ] = 0.0  # fmt: skip
    area: AreaChoice = None


@analysis(
    "land-use-change",
    zh="土地利用变化",
    en="Land-use change",
    about_zh="两个时点或两个图层之间的土地利用转移矩阵，行列合计等于各期地类面积；变化图斑成图层，"
    "狭长面不计为变化并列出其面积，附桑基图。",
    about_en="The matrix of change between two moments or layers, whose totals are the areas of "
    "classes of both; what changed as a layer, slivers counted as no change with the area that "
    "this moved, and a Sankey diagram.",
)
def land_use_change(run: Run, inputs: ChangeInputs) -> Outcome:
    """Pair what has the same shape in the database, overlay the rest, sum up.

    Raises Invalid where a column is missing, and what `area_method` refuses.
    """
    tree = tree_of(inputs.codes)
    with readings(run.database, [inputs.base, inputs.target], run.asof, run.grant) as (pg, views):
        for view in views:
            if inputs.code not in view.layer.column_names:
                has = ", ".join(view.layer.column_names) or "none"
                raise Invalid(f"'{view.layer.name}' has no column {inputs.code}: it has {has}")
        base, target = views
        srid = base.layer.srid
        method = area_method(inputs.area, srid)
        moved = area_method(inputs.area, target.layer.srid) if srid != target.layer.srid else method
        run.progress(0.1, "summing both states")
        sums = [
            by_column(pg, view, inputs.code, one).rows
            for view, one in ((base, method), (target, moved))
        ]
        paired = srid == target.layer.srid
        kept = _none()
        if base.layer.name == target.layer.name:
            kept, base, target = _unchanged(pg, base, target, sums[0], inputs.code, method)
        same = _same(pg, base, target, inputs.code, method) if paired else _none()
        same = pd.concat([kept, same], ignore_index=True).astype(SUMS)
        run.progress(0.3, "reading what differs")
        rest = [
            _rest(run.database, pg, view, other, inputs.code, srid, paired)
            for view, other in ((base, target), (target, base))
        ]
    run.progress(0.5, f"overlaying {len(rest[0])} with {len(rest[1])} parcels")
    first, second = (measure(np.asarray(one.geometry, object), srid, method) for one in rest)
    pieces = change_pieces(rest[0], rest[1], (first, second), inputs.sliver).pieces
    pieces = pieces.rename(columns={"base": "base_code", "target": "target_code"})
    for side in ("base", "target"):
        pieces[side] = [_class(tree, code, inputs.level) for code in pieces[f"{side}_code"]]
        same[side] = [_class(tree, code, inputs.level) for code in same[side]]
    pieces["sliver"] &= pieces["base"] != pieces["target"]
    table = matrix(pieces, same)
    changes = pieces[pieces["base"] != pieces["target"]].reset_index(drop=True)
    slivers = float(changes.loc[changes["sliver"], "area_m2"].sum())
    certificate = _certificate(table, changes, sums, tree, inputs.level, method)
    told = _told(table, tree)
    titles = {c: f"{c} {_titles(tree, c)[0]}" for c in {*table["base"], *table["target"]}}
    flows = [(str(r["base"]), str(r["target"]), float(r["area_m2"]))
             for r in table.to_dict("records")]  # fmt: skip
    picture = sankey(flows, titles, "土地利用变化 · Land-use change")
    return Outcome(
        {
            "layer": new_layer(
                run, changes, CHANGES, srid, geometry_type="MultiPolygon",
                title_zh="变化图斑", title_en="what changed",
            ),
            "matrix": new_layer(
                run, told, MATRIX, srid, key="matrix", title_zh="转移矩阵", title_en="matrix"
            ),
            "sankey": NewFile("change.svg", picture.encode(), "image/svg+xml", "桑基图", "Sankey"),
        },
        certificate,
        {
            "area": method,
            "changed_m2": float(changes.loc[~changes["sliver"], "area_m2"].sum()),
            "sliver_m2": slivers,
            "slivers": int(changes["sliver"].sum()),
            "compared_whole": int(same["parcels"].sum()),
            "unknown_codes": sorted(
                {c for rows in sums for c in rows["code"] if c and not tree.path(c)}
            ),
        },
    )  # fmt: skip


def _none() -> pd.DataFrame:
    return pd.DataFrame(
        {"base": [], "target": [], "area_m2": np.zeros(0), "parcels": np.zeros(0, int)}
    )


def _unchanged(
    pg: Pg, base: Reading, target: Reading, sums: pd.DataFrame, code: str, method: AreaMethod
) -> tuple[pd.DataFrame, Reading, Reading]:
    """Of two states of one layer the areas by code of the rows that both have; and the rests."""
    ours, theirs = (
        np.array(pg.execute(view.select(sql.SQL("version"))).fetchall(), np.int64).ravel()
        for view in (base, target)
    )
    rests = [
        view.where(sql.SQL("version = ANY ({}::bigint[])").format(sql.Literal(alone.tolist())))
        for view, alone in (
            (base, np.setdiff1d(ours, theirs)),
            (target, np.setdiff1d(theirs, ours)),
        )
    ]
    whole, gone = (
        rows.set_index("code")[list(SUMS)].astype(float)
        for rows in (sums, by_column(pg, rests[0], code, method).rows)
    )
    left = whole.sub(gone, fill_value=0.0)
    left = left[left["parcels"] > 0].reset_index()
    codes = left["code"].replace("", "?")
    kept = left.assign(base=codes, target=codes).drop(columns="code")
    return kept[["base", "target", "area_m2", "parcels"]], rests[0], rests[1]


def _coded(code: str) -> sql.Composed:
    return sql.SQL("coalesce(nullif(trim({}::text), ''), '?')").format(sql.Identifier(code))


def _same(pg: Pg, base: Reading, target: Reading, code: str, method: AreaMethod) -> pd.DataFrame:
    """Areas by code of parcels that have the same shape and code in both states."""
    area = area_sql(base.layer.srid, method, sql.SQL("geom"))
    query = sql.SQL(
        "SELECT a.code, b.code, sum(a.area), count(*)"
        " FROM ({}) a JOIN ({}) b ON a.geom = b.geom AND a.code = b.code GROUP BY 1, 2"
    ).format(
        base.select(sql.SQL("{} AS code, geom, {} AS area").format(_coded(code), area)),
        target.select(sql.SQL("{} AS code, geom").format(_coded(code))),
    )
    found = pg.execute(query).fetchall()
    return pd.DataFrame(found, columns=["base", "target", "area_m2", "parcels"])


def _rest(
    database: Database, pg: Pg, view: Reading, other: Reading, code: str, srid: int, paired: bool
) -> gpd.GeoDataFrame:
    """The parcels of one state without a twin in the other, in the base's CRS."""
    if paired:
        keys = sql.SQL("{} AS code, geom, version").format(_coded(code))
        query = sql.SQL(
            "SELECT a.version FROM ({}) a LEFT JOIN ({}) b ON a.geom = b.geom AND a.code = b.code"
            " WHERE b.version IS NULL"
        ).format(view.select(keys), other.select(keys))
        alone = [version for (version,) in pg.execute(query)]
        view = view.where(sql.SQL("version = ANY ({}::bigint[])").format(sql.Literal(alone)))
    frame = fetch(database, pg, view, [code])
    frame = frame[~(frame.geometry.isna() | frame.geometry.is_empty)].to_crs(srid)
    shapes = tidy(np.array(shapely.force_2d(frame.geometry.to_numpy()), object))
    codes = frame[code].map(lambda c: str(c).strip(), na_action="ignore").fillna("?")
    made = gpd.GeoDataFrame(
        {"fid": frame["fid"].to_numpy(), "code": codes.replace("", "?").to_numpy(object)},
        geometry=shapes,
        crs=srid,
    )
    return made[~made.geometry.is_empty].reset_index(drop=True)


def _class(tree: CodeTree, code: str, level: int) -> str:
    return tree.at(code, level) or code or "?"


def _titles(tree: CodeTree, code: str) -> tuple[str, str]:
    special = {NOTHING: ("无", "nothing"), "?": ("未填编码", "no code")}
    return special.get(code) or tree.titles.get(code, ("未知编码", "unknown code"))


def _told(table: pd.DataFrame, tree: CodeTree) -> pd.DataFrame:
    told = table.rename(columns={"parcels": "pieces"})
    for side in ("base", "target"):
        for at, language in enumerate(("zh", "en")):
            told[f"{side}_{language}"] = [_titles(tree, code)[at] for code in told[side]]
    told["share"] = told["area_m2"] / told.groupby("base")["area_m2"].transform("sum")
    return told


def _certificate(
    table: pd.DataFrame, changes: pd.DataFrame, sums: list[pd.DataFrame], tree: CodeTree,
    level: int, method: AreaMethod,
) -> Certificate:  # fmt: skip
    """Each class's row and column against its area in the layer, slivers put back."""
    slivers = changes[changes["sliver"]]
    residual, totals = 0.0, []
    for side, rows in zip(("base", "target"), sums, strict=True):
        own = rows.assign(own=[_class(tree, code, level) for code in rows["code"]])
        wanted = own.groupby("own")["area_m2"].sum()
        made = table.groupby(side)["area_m2"].sum()
        stays = slivers["base"].where(slivers["base"] != NOTHING, slivers["target"])
        back = slivers["area_m2"].groupby(slivers[side]).sum()
        gone = slivers["area_m2"].groupby(stays).sum()
        made = (
            made.add(back, fill_value=0.0).sub(gone, fill_value=0.0).drop(NOTHING, errors="ignore")
        )
        residual += float(made.sub(wanted, fill_value=0.0).abs().sum())
        totals.append((float(made.sum()), float(wanted.sum())))
    size = max(right for _, right in totals)
    return Certificate(
        equation="rows and columns of the matrix = areas of classes before and after",
        left=sum(left for left, _ in totals),
        right=sum(right for _, right in totals),
        residual=residual,
        tolerance=(RELATIVE if method == "planar" else CURVED) * size,
        unit="m²",
        balance={"before": totals[0][1], "after": totals[1][1]},
        moved=float(slivers["area_m2"].sum()),
        notes=("parcels of one shape and code in both states were compared whole",),
    )
