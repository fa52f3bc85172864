"""What QGIS sees of a service: a script for QGIS's own Python, JSON in and JSON out.

Standard input: url; layers to read by the OAPIF provider, each with its name, perhaps a box in
the layer's CRS and an address other than url; tiles, an XYZ template and an extent to draw;
project, a file to open, with layers of it to draw by their ids at an extent; password, of a
token. Standard output: the same, as seen.
"""

import json
import sys
from collections import Counter
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsAuthMethodConfig,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage

SIDE = 512


def read(layer: QgsVectorLayer, box: list[float] | None) -> dict[str, Any]:
    """The layer's own account of itself, and the features that come."""
    request = QgsFeatureRequest()
    if box:
        request.setFilterRect(QgsRectangle(*box))
    features = list(layer.getFeatures(request))
    first = features[0] if features else None
    return {
        "count": layer.featureCount(),
        "crs": layer.crs().authid(),
        "fields": {field.name(): field.typeName() for field in layer.fields()},
        "read": len(features),
        "values": {name: str(first[name]) for name in layer.fields().names()} if first else {},
        "area": sum(feature.geometry().area() for feature in features),
    }


def opened(order: dict[str, Any], one: dict[str, Any], authcfg: str) -> dict[str, Any]:
    uri = (
        f"{authcfg} pagingEnabled='true' restrictToRequestBBOX='1'"
        f" typename='{one['name']}' url='{one.get('url', order['url'])}'"
    )
    layer = QgsVectorLayer(uri, one["name"], "OAPIF")
    if not layer.isValid():
        return {"valid": False}
    return {"valid": True, **read(layer, one.get("box"))}


def drawn(template: str, extent: list[float]) -> dict[str, Any]:
    """Draw the tiles of an extent in web mercator: the share of the picture that they cover."""
    layer = QgsVectorTileLayer(f"type=xyz&url={template}&zmin=0&zmax=16", "tiles")
    if not layer.isValid():
        return {"valid": False}
    picture = painted(layer, extent)
    ink = sum(picture.pixelColor(x, y) != QColor("white") for x in range(SIDE) for y in range(SIDE))
    return {"valid": True, "covered": ink / SIDE**2}


def painted(layer: QgsMapLayer, extent: list[float]) -> QImage:
    """A picture of one layer over an extent in web mercator, on white."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setExtent(QgsRectangle(*extent))
    settings.setOutputSize(QSize(SIDE, SIDE))
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def project(file: str, draw: list[str], extent: list[float]) -> dict[str, Any]:
    """What opening a project gives: its tree, its layers, and pictures as lists of colours."""
    opened = QgsProject.instance()
    read = opened.read(file)
    layers = opened.mapLayers()
    return {
        "read": read,
        "title": opened.title(),
        "crs": opened.crs().authid(),
        "tree": branch(opened.layerTreeRoot()),
        "layers": {name: told(layer) for name, layer in layers.items()},
        "drawn": {name: colours(painted(layers[name], extent)) for name in draw},
    }


def branch(group: QgsLayerTreeGroup) -> list[Any]:
    """Groups as {name: children}, layers as their ids."""
    return [
        {node.name(): branch(node)} if isinstance(node, QgsLayerTreeGroup) else node.layerId()
        for node in group.children()
    ]


def told(layer: QgsMapLayer) -> dict[str, Any]:
    """A layer's account of itself, with the colours of its legend."""
    found = {"valid": layer.isValid(), "name": layer.name(), "source": layer.source()}
    renderer = layer.renderer()
    # the symbols live as long as what they came in
    if isinstance(layer, QgsVectorTileLayer):
        styles = renderer.styles()
        legend = {style.styleName(): style.symbol().color().name() for style in styles}
        return {**found, "legend": legend}
    if isinstance(layer, QgsRasterLayer) or renderer is None:  # as a table's is
        return found
    entries = renderer.legendSymbolItems()
    legend = {one.label(): one.symbol().color().name() for one in entries if one.symbol()}
    return {**found, "count": layer.featureCount(), "renderer": renderer.type(), "legend": legend}


def colours(picture: QImage) -> dict[str, float]:
    """The share of a picture that each of its main colours has."""
    tally = Counter(picture.pixelColor(x, y).name() for x in range(SIDE) for y in range(SIDE))
    return {name: count / SIDE**2 for name, count in tally.items() if count > SIDE**2 / 100}


def authenticated(password: str) -> str:
    """A URI's authcfg that sends a token as the password of HTTP Basic."""
    manager = QgsApplication.authManager()
    manager.setMasterPassword("test", True)
    config = QgsAuthMethodConfig("Basic")
    config.setName("token")
    config.setConfig("username", "token")
    config.setConfig("password", password)
    manager.storeAuthenticationConfig(config)
    return f"authcfg='{config.id()}'"


def main() -> None:
    order = json.load(sys.stdin)
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    authcfg = authenticated(order["password"]) if order.get("password") else ""
    seen = {"layers": [opened(order, one, authcfg) for one in order.get("layers", [])]}
    if "project" in order:
        seen["project"] = project(**order["project"])
    if "tiles" in order:
        seen["tiles"] = drawn(**order["tiles"])
    json.dump(seen, sys.stdout)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
