"""What QGIS sees of a service: a script for QGIS's own Python, JSON in and JSON out.

Standard input: url; layers to read by the OAPIF provider, each with its name, perhaps a box in
the layer's CRS and an address other than url; tiles, an XYZ template and an extent to draw;
password, of a token. Standard output: the same, as seen.
"""

import json
import sys
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsAuthMethodConfig,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

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
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setExtent(QgsRectangle(*extent))
    settings.setOutputSize(QSize(SIDE, SIDE))
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    picture = job.renderedImage()
    ink = sum(picture.pixelColor(x, y) != QColor("white") for x in range(SIDE) for y in range(SIDE))
    return {"valid": True, "covered": ink / SIDE**2}


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
    if "tiles" in order:
        seen["tiles"] = drawn(**order["tiles"])
    json.dump(seen, sys.stdout)
    sys.stdout.flush()


main()
