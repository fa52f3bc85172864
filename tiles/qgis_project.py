"""A QGIS project of the city: its layers as features, tiles and pictures, drawn as on the map."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from lxml import etree
from lxml.builder import E

from spatial import crs
from spatial.errors import Invalid
from tiles.cartography import Look, look
from tiles.qgis_symbols import first_scale, renderer, tile_styles
from tiles.style import StyleLayer, union

MIMETYPE = "application/x-qgis-project"
VERSION = "3.22.0-Białowieża"
_TILES = {"zh": "矢量瓦片", "en": "Vector tiles"}
_GEOMETRIES = {"point": "Point", "line": "Line", "polygon": "Polygon"}


@dataclass(frozen=True)
class Picture:
    """A raster: its title in zh and en, and the deepest zoom that there are tiles of."""

    name: str
    title: Mapping[str, str]
    maxzoom: int


@dataclass(frozen=True)
class View:
    """Layers at one AsOf: the parameters that go on every address, under a title.

    `under` is the group that it stands in, if in any.
    """

    title: str
    params: Mapping[str, str]
    layers: Sequence[StyleLayer]
    pictures: Sequence[Picture] = ()
    under: str | None = None
    checked: bool = False


@dataclass(frozen=True)
class Connection:
    """Where the layers come from.

    `authcfg` names an entry of QGIS's own password store; no token is ever in a project.
    """

    base_url: str
    authcfg: str | None = None

    def __post_init__(self) -> None:
        if self.authcfg is not None and not re.fullmatch(r"\w+", self.authcfg):
            raise Invalid(f"'{self.authcfg}' is no id of an entry in QGIS's password store")

    def features(self, layer: str, params: Mapping[str, str]) -> str:
        """The data source of QGIS's OGC API provider; it repeats the address's query."""
        address = f"{self.base_url}/" + (f"?{urlencode(params)}" if params else "")
        login = f"authcfg={self.authcfg} " if self.authcfg else ""
        return (
            f"{login}pagingEnabled='true' restrictToRequestBBOX='1'"
            f" typename='{layer}' url='{address}'"
        )

    def tiles(self, name: str, suffix: str, maxzoom: int, params: Mapping[str, str]) -> str:
        """The data source of a layer of XYZ tiles."""
        template = f"{self.base_url}/tiles/{quote(name)}/{{z}}/{{x}}/{{y}}.{suffix}"
        parts = {
            "type": "xyz",
            "url": template + (f"?{urlencode(params)}" if params else ""),
            "zmin": "0",
            "zmax": str(maxzoom),
        }
        if self.authcfg:
            parts["authcfg"] = self.authcfg
        return urlencode(parts, safe="{}:/")


def project(
    views: Sequence[View],
    connection: Connection,
    *,
    title: str,
    language: str = "zh",
) -> bytes:
    """The project as a .qgz: every layer in every view, points on top and the ground below."""
    tree, described = E("layer-tree-group"), E.projectlayers()
    groups: dict[str | None, etree._Element] = {None: tree}
    for number, view in enumerate(views):
        if view.under not in groups:
            groups[view.under] = _group(view.under or "", checked=False)
            tree.append(groups[view.under])
        place = _group(view.title, checked=view.checked)
        groups[view.under].append(place)
        drawn = _group(_TILES[language], checked=False)
        for parent, entry, layer in _layers(view, connection, language, str(number)):
            (drawn if parent else place).append(entry)
            described.append(layer)
        place.append(drawn)
    root = E.qgis(
        E.title(title),
        E.projectCrs(_reference(crs.WEB_MERCATOR)),
        # without this QGIS reads no CRS of a project
        E.properties(E.SpatialRefSys(E.ProjectionsEnabled("1", type="int"))),
        tree,
        _canvas([one.bounds for view in views for one in view.layers if one.bounds]),
        described,
        projectname=title,
        version=VERSION,
    )
    text = etree.tostring(root, encoding="UTF-8", doctype="<!DOCTYPE qgis>", pretty_print=True)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("city.qgs", text)
    return out.getvalue()


def _layers(
    view: View,
    connection: Connection,
    language: str,
    number: str,
) -> Iterator[tuple[bool, etree._Element, etree._Element]]:
    """Whether it is vector tiles, the entry in the tree, the description: of all in a view."""
    looks = [
        (
            layer,
            look(layer.name, layer.title, layer.geometry, layer.columns, language, layer.analysis),
        )
        for layer in view.layers
    ]
    looks.sort(key=lambda pair: (-pair[1].rank, pair[0].name))
    for layer, its_look in looks:
        shown = its_look.visible and not layer.derived
        title = layer.title[language]
        features = E.maplayer(
            renderer(its_look, layer.geometry, language),
            geometry=_GEOMETRIES[layer.geometry],
            type="vector",
        )
        source = connection.features(layer.name, view.params)
        yield (
            False,
            *_described(
                features,
                f"{layer.name}_features_{number}",
                title,
                source,
                "OAPIF",
                crs.WGS84,
                its_look,
                shown,
            ),
        )
        tiles = E.maplayer(
            tile_styles(layer.name, its_look, layer.geometry, language), type="vector-tile"
        )
        source = connection.tiles(layer.name, "mvt", layer.maxzoom, view.params)
        yield True, *_described(
            tiles, f"{layer.name}_tiles_{number}", title, source, "vectortile",
            crs.WEB_MERCATOR, its_look, shown,
        )  # fmt: skip
    for raster in view.pictures:
        source = connection.tiles(raster.name, "png", raster.maxzoom, view.params)
        pipe = E.pipe(E.rasterrenderer(type="singlebandcolordata", band="1", opacity="1"))
        yield False, *_described(
            E.maplayer(pipe, type="raster"), f"{raster.name}_picture_{number}",
            raster.title[language], source, "wms", crs.WEB_MERCATOR, None, False,
        )  # fmt: skip


def _described(
    layer: etree._Element,
    name: str,
    title: str,
    source: str,
    provider: str,
    srid: int,
    its_look: Look | None,
    shown: bool,
) -> tuple[etree._Element, etree._Element]:
    scale = first_scale(its_look) if its_look else None
    if scale is not None:
        layer.set("hasScaleBasedVisibilityFlag", "1")
        layer.set("minScale", f"{scale:.0f}")
        layer.set("maxScale", "0")
    layer.extend(
        (
            E.id(name),
            E.datasource(source),
            E.layername(title),
            E.srs(_reference(srid)),
            E.provider(provider, encoding="UTF-8"),
        )
    )
    entry = E(
        "layer-tree-layer",
        id=name,
        name=title,
        source=source,
        providerKey=provider,
        checked=_state(shown),
        expanded="0",
    )
    return entry, layer


def _group(name: str, *, checked: bool) -> etree._Element:
    return E("layer-tree-group", name=name, checked=_state(checked), expanded=str(int(checked)))


def _state(checked: bool) -> str:
    return "Qt::Checked" if checked else "Qt::Unchecked"


def _reference(srid: int) -> etree._Element:
    return E.spatialrefsys(E.wkt(crs.parse(srid).to_wkt()), E.authid(f"EPSG:{srid}"))


def _canvas(boxes: Sequence[tuple[float, float, float, float]]) -> etree._Element:
    """The map, at the city's bounds."""
    canvas = E.mapcanvas(
        E.units("meters"), E.destinationsrs(_reference(crs.WEB_MERCATOR)), name="theMapCanvas"
    )
    if bounds := union(boxes):
        west, south, east, north = bounds
        box = crs.transform_bounds((west, south, east, north), crs.WGS84, crs.WEB_MERCATOR)
        names = ("xmin", "ymin", "xmax", "ymax")
        canvas.append(E.extent(*(E(name, f"{x:.2f}") for name, x in zip(names, box, strict=True))))
    return canvas
