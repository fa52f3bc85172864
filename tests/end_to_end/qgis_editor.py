"""What a QGIS that edits does with a service: a script for its own Python, JSON in and JSON out.

Standard input: url; password, of a token; steps, each with the name of a layer, perhaps an
address other than url, `crs`, a `where` to filter the layer by and a `box`, and `edits`: add
[WKT, attributes], change [where, attributes], move [where, dx, dy] and remove [where], each saved
by itself; or a project to open. Standard output: what each step saw.
"""

import json
import sys
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis_reader import authenticated


def step(url: str, authcfg: str, one: dict[str, Any]) -> dict[str, Any]:
    """Open a layer, edit it, and tell what it holds then."""
    if "project" in one:
        project = QgsProject.instance()
        read = project.read(one["project"])
        return {"read": read, "valid": [layer.isValid() for layer in project.mapLayers().values()]}
    crs = f" srsname='{one['crs']}'" if "crs" in one else ""
    uri = (
        f"{authcfg} pagingEnabled='true' restrictToRequestBBOX='1'"
        f" typename='{one['name']}' url='{one.get('url', url)}'{crs}"
    )
    layer = QgsVectorLayer(uri, one["name"], "OAPIF")
    if not layer.isValid():
        return {"valid": False}
    said = [save(layer, *edit) for edit in one.get("edits", [])]
    if "where" in one:
        layer.setSubsetString(one["where"])
    request = QgsFeatureRequest()
    if "box" in one:
        request.setFilterRect(QgsRectangle(*one["box"]))
    features = list(layer.getFeatures(request))
    return {
        "valid": True,
        "said": said,
        "editable": layer.dataProvider().capabilitiesString(),
        "crs": layer.crs().authid(),
        "fields": layer.fields().names(),
        "rows": [told(feature) for feature in features[:1000]],
        "count": len(features),
    }


def told(feature: QgsFeature) -> dict[str, Any]:
    """A feature's attributes as text, and its box."""
    box = feature.geometry().boundingBox()
    values = {name: str(feature[name]) for name in feature.fields().names()}
    return {
        **values,
        "box": [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()],
    }


def save(layer: QgsVectorLayer, kind: str, *what: Any) -> list[str]:
    """Make one edit and save it; what QGIS complains of."""
    layer.startEditing()
    if kind == "add":
        wkt, attributes = what
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(wkt))
        for name, value in attributes.items():
            feature[name] = value
        layer.addFeature(feature)
    else:
        where, *how = what
        (feature,) = list(layer.getFeatures(QgsFeatureRequest().setFilterExpression(where)))
        if kind == "change":
            for name, value in how[0].items():
                layer.changeAttributeValue(feature.id(), layer.fields().indexOf(name), value)
        elif kind == "move":
            geometry = QgsGeometry(feature.geometry())
            geometry.translate(*how)
            layer.changeGeometry(feature.id(), geometry)
        else:
            layer.deleteFeature(feature.id())
    return [] if layer.commitChanges() else layer.commitErrors()


def main() -> None:
    order = json.load(sys.stdin)
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    authcfg = authenticated(order["password"]) if order.get("password") else ""
    seen = [step(order["url"], authcfg, one) for one in order["steps"]]
    json.dump({"steps": seen}, sys.stdout)
    sys.stdout.flush()


main()
