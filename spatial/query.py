"""The one place where AsOf, the access rule and a filter become SQL.

No other code compares `valid`, `recorded`, `scenario` or `removed` when it reads. A reading is a
UNION ALL of arms, each shaped after a partial index, with ORDER BY and LIMIT inside every arm.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import shapely
from psycopg import sql

from spatial import catalogue, crs
from spatial.asof import AsOf, Interval
from spatial.database import Database, Pg, role_name
from spatial.filter.condition import Condition
from spatial.filter.places import Place, transformed
from spatial.grant import EVERYBODY, NOBODY, Grant, rule
from spatial.layer import Box, Layer
from spatial.moment import Moment, resolve
from spatial.period import holds, instant

_MAIN = sql.SQL("scenario = 0 AND NOT removed")
_BELIEVED = sql.SQL("upper_inf(recorded) IS TRUE")
_ONGOING = sql.SQL("upper_inf(valid) IS TRUE")


@dataclass(frozen=True, slots=True)
class Reading:
    """One layer at one moment for one grant, narrowed by conditions on its rows."""

    layer: Layer
    moment: Moment
    grant: Grant
    conditions: tuple[sql.Composable, ...] = field(default=())
    boxed: bool = False

    def where(self, *conditions: sql.Composable) -> "Reading":
        """The same reading, narrowed further."""
        return replace(self, conditions=(*self.conditions, *conditions))

    def within(self, box: Box, srid: int) -> "Reading":
        """Only features whose bounding box meets a box given in a CRS, x first."""
        return self.within_any([box], srid)

    def within_any(self, boxes: Sequence[Box], srid: int) -> "Reading":
        """Only features whose bounding box meets one of some boxes given in a CRS, x first."""
        return self.touching(*(crs.transform_bounds(box, srid, self.layer.srid) for box in boxes))

    def touching(self, *boxes: Box) -> "Reading":
        """Only features whose bounding box meets one of some boxes in the layer's own CRS."""
        return self.around(*(_envelope(box, self.layer.srid) for box in boxes))

    def around(self, *shapes: sql.Composable) -> "Reading":
        """Only features whose bounding box meets that of a shape in the layer's own CRS."""
        near = [sql.SQL("geom && {}").format(shape) for shape in shapes]
        anywhere = near[0] if len(near) == 1 else sql.SQL("({})").format(sql.SQL(" OR ").join(near))
        return replace(self.where(anywhere), boxed=True)

    def meeting(self, boxes: Sequence[Box], srid: int) -> "Reading":
        """Only features that themselves meet one of some boxes given in a CRS, x first."""
        places = [place for box in boxes if (place := _place(box, srid, self.layer.srid)).box]
        if not places:
            return self.where(sql.SQL("FALSE"))
        near = self.touching(*(place.box for place in places if place.box))
        if self.layer.shape == "Point":
            return near
        meets = [sql.SQL("ST_Intersects(geom, {})").format(place.sql) for place in places]
        meets[:0] = [
            sql.SQL("geom @ {}").format(_envelope(place.core, self.layer.srid))
            for place in places
            if place.core
        ]
        return near.where(sql.SQL("({})").format(sql.SQL(" OR ").join(meets)))

    def filtered(self, condition: Condition) -> "Reading":
        """Only features of which a filter holds.

        A filter is a stranger's: it is computed for no row that the grant may not see, so that
        no error or overflow tells of one.
        """
        view = self
        for box in condition.boxes:
            view = view.touching(box)
        access = rule(self.grant, self.layer)
        if access == EVERYBODY:
            return view.where(condition.sql)
        return view.where(sql.SQL("CASE WHEN {} THEN {} END").format(access, condition.sql))

    @property
    def edition(self) -> tuple[object, ...]:
        """Equal as long as the same question has the same answer.

        The stamp tells apart what has the same cursor in two lives of a city that was restored.
        """
        layer = self.layer
        stamp = layer.last_recorded.isoformat()
        return layer.id, layer.cursor, stamp, self.moment.base_known_at, self.grant.key

    @property
    def settled(self) -> bool:
        """Whether nothing of the layer was recorded after the moment's edition."""
        return self.moment.main_known_at >= self.layer.last_recorded

    @property
    def present(self) -> bool:
        """Whether what holds in the main line at the moment is what has no end.

        So it is after the last record, as long as no state begins or ends later than that.
        """
        layer, valid_at = self.layer, self.moment.valid_at
        return (
            self.settled
            and layer.next_bound is None
            and not isinstance(valid_at, Interval)
            and valid_at >= layer.last_recorded
        )

    @property
    def counted(self) -> bool:
        """Whether the layer's maintained counter answers this reading."""
        return (
            self.present
            and not self.conditions
            and self.moment.scenario_id == 0
            and rule(self.grant, self.layer) == EVERYBODY
        )

    def select(
        self,
        columns: sql.Composable,
        *,
        order: sql.Composable | None = None,
        limit: int | None = None,
    ) -> sql.Composed:
        """`SELECT columns` over every arm; an order must name columns of the layer table."""
        tail: sql.Composable = sql.SQL("")
        if order is not None:
            tail += sql.SQL(" ORDER BY {}").format(order)
        if limit is not None:
            tail += sql.SQL(" LIMIT {}").format(limit)
        arms = list(self._arms())
        head = sql.SQL("SELECT {} FROM {}").format(columns, self.layer.table)
        parts = [
            sql.SQL("({} WHERE {}{})").format(head, sql.SQL(" AND ").join(arm), tail)
            for arm in arms
        ]
        return sql.SQL(" UNION ALL ").join(parts)

    def page(
        self, columns: sql.Composable, *, after: tuple[int, int] | None = None, limit: int
    ) -> sql.Composed:
        """A page by key: rows beyond a (fid, version), in that order.

        The columns must include fid and version.
        """
        keyed = self
        if after is not None:
            keyed = self.where(
                sql.SQL("fid >= {fid} AND (fid, version) > ({fid}, {version})").format(
                    fid=after[0], version=after[1]
                )
            )
        inner = keyed.select(columns, order=sql.SQL("fid, version"), limit=limit)
        return sql.SQL("SELECT * FROM ({}) page ORDER BY fid, version LIMIT {}").format(
            inner, limit
        )

    def sees(self) -> sql.Composed:
        """The condition that a row of the layer is among these."""
        arms = (sql.SQL("({})").format(sql.SQL(" AND ").join(arm)) for arm in self._arms())
        return sql.SQL("({})").format(sql.SQL(" OR ").join(arms))

    def strays(self, limit: int) -> sql.Composed:
        """Features that it may show otherwise than main as believed now, some of them twice."""
        moment, table = self.moment, self.layer.table
        found = sql.SQL("SELECT fid FROM {} WHERE scenario = 0 AND {}")
        arms = []
        if not self.settled:
            known = instant(moment.main_known_at)
            later = sql.SQL("lower(recorded) > {}").format(known)
            arms.append(found.format(table, later))
            closed = sql.SQL("upper_inf(recorded) IS FALSE AND upper(recorded) > {}").format(known)
            arms.append(found.format(table, closed))
        if moment.scenario_id:
            arms.append(
                sql.SQL("SELECT fid FROM {} WHERE scenario <> 0 AND scenario = {}").format(
                    table, moment.scenario_id
                )
            )
        return sql.SQL("SELECT fid FROM ({}) stray LIMIT {}").format(
            sql.SQL(" UNION ALL ").join(arms), limit
        )

    def count(self) -> sql.Composed:
        """Exact number of rows."""
        return sql.SQL("SELECT sum(n)::bigint FROM ({}) arm").format(
            self.select(sql.SQL("count(*) AS n"))
        )

    def extent(self) -> sql.Composed:
        """Bounding box of the rows in the layer's CRS, as one row of four numbers."""
        return sql.SQL(
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM "
            "(SELECT ST_Extent(b::geometry) AS e FROM ({}) arm) box"
        ).format(self.select(sql.SQL("ST_Extent(geom) AS b")))

    def _arms(self) -> Iterator[list[sql.Composable]]:
        moment = self.moment
        asked = [rule(self.grant, self.layer), *self.conditions]
        common = [holds("valid", moment.valid_at), *asked]
        unhidden = [self._unhidden()] if moment.scenario_id else []
        main = [_MAIN, *common, *unhidden]
        known = sql.SQL("recorded @> {}").format(instant(moment.main_known_at))
        still = [_BELIEVED] if self.settled else [_BELIEVED, known]
        if self.boxed:  # each has a spatial index of its own
            if self.present:
                yield [_ONGOING, _BELIEVED, _MAIN, *asked, *unhidden]
            else:
                yield [_ONGOING, *still, *main]
                yield [sql.SQL("upper_inf(valid) IS FALSE"), *still, *main]
        else:
            yield [*still, *main]
        if not self.settled:
            yield [sql.SQL("upper_inf(recorded) IS FALSE"), known, *main]
        if moment.scenario_id:
            yield [*self._in_scenario(), sql.SQL("NOT removed"), *common]

    def _in_scenario(self) -> list[sql.Composable]:
        return [
            sql.SQL("scenario <> 0 AND scenario = {}").format(self.moment.scenario_id),
            sql.SQL("recorded @> {}").format(instant(self.moment.known_at)),
        ]

    def _unhidden(self) -> sql.Composable:
        """Main's row shows unless the scenario says something else of the feature then.

        Hashed, and never narrowed by place: a feature moved out of the box must vanish from it.
        """
        moment, table = self.moment, self.layer.table
        branch = sql.SQL(" AND ").join(self._in_scenario())
        if not isinstance(moment.valid_at, Interval):
            return sql.SQL("fid NOT IN (SELECT fid FROM {} WHERE {} AND {})").format(
                table, branch, holds("valid", moment.valid_at)
            )
        return sql.SQL(
            "NOT coalesce((SELECT range_agg(b.valid) FROM "
            "(SELECT fid, valid FROM {table} WHERE {branch}) b WHERE b.fid = {table}.fid)"
            " @> ({table}.valid * tstzrange({start}, {end}, '[]')), false)"
        ).format(table=table, branch=branch, start=moment.valid_at.start, end=moment.valid_at.end)


def _place(box: Box, srid: int, target: int) -> Place:
    """A box in another CRS, its sides followed there; a point or a line where it has no area."""
    corners = shapely.MultiPoint([box[:2], box[2:]])
    return Place(transformed(shapely.envelope(corners), srid, target), target)


def _envelope(box: Box, srid: int) -> sql.Composed:
    return sql.SQL("ST_MakeEnvelope({}, {})").format(
        sql.SQL(", ").join(sql.Literal(float(side)) for side in box), srid
    )


def names(columns: Sequence[str]) -> sql.Composed:
    """A quoted, comma-separated list of columns."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))


@contextmanager
def reading(
    database: Database, name: str, asof: AsOf, grant: Grant
) -> Iterator[tuple[Pg, Reading]]:
    """A snapshot to read one layer in, stepped down to the grant's database role.

    Raises NotFound where the grant may see nothing of the layer, so that its being is no secret
    told.
    """
    with snapshot(database) as pg:
        layer = catalogue.find_visible(pg, name, grant)
        moment = resolve(pg, asof)
        step_down(pg, grant)
        yield pg, Reading(layer, moment, grant)


def seen(pg: Pg, layer: Layer, grant: Grant) -> Layer:
    """The layer as a grant sees it: where rows are hidden, extent and count leave them out."""
    if rule(grant, layer) in (EVERYBODY, NOBODY):
        return layer
    view = Reading(layer, replace(resolve(pg, AsOf()), valid_at=Interval()), grant)
    count = pg.execute(view.count()).fetchone()
    bounds = pg.execute(view.extent()).fetchone()
    extent = None
    if bounds and bounds[0] is not None:
        extent = crs.transform_bounds(
            (bounds[0], bounds[1], bounds[2], bounds[3]), layer.srid, crs.WGS84
        )
    return replace(layer, current=count[0] if count else 0, extent=extent)


def seen_layers(pg: Pg, grant: Grant) -> list[Layer]:
    """Every layer of which the grant may see a row, as it sees them."""
    return [seen(pg, layer, grant) for layer in catalogue.layers(pg, grant)]


@contextmanager
def snapshot(database: Database) -> Iterator[Pg]:
    """A read-only transaction in which every statement sees the same state."""
    with database.snapshot() as tx:
        yield tx.pg


def step_down(pg: Pg, grant: Grant) -> None:
    """Become the database role of the grant until the transaction ends."""
    pg.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role_name(grant.role))))


@contextmanager
def stepped_down(pg: Pg, grant: Grant) -> Iterator[None]:
    """The database role of the grant for a while, where fixed tables are read afterwards."""
    step_down(pg, grant)
    yield
    pg.execute("RESET ROLE")
