"""The twin in frames: states as a GeoDataFrame, histories as a Dataset, readings sent by one."""

from typing import TYPE_CHECKING, Any

import httpx

from citytwin.answers import check

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr


def frame_of_state(document: dict[str, Any]) -> "gpd.GeoDataFrame":
    """A state as a frame by asset: fid, a column for each property, and the geometry.

    `attrs` has the units by property, and at, known_at, scenario and cursor.
    """
    import geopandas as gpd
    import pandas as pd
    import shapely

    found = document["assets"]
    values = {
        one["asset"]: {name: told["value"] for name, told in one["values"].items()} for one in found
    }
    frame = pd.DataFrame.from_dict(values, orient="index")
    frame = frame.reindex(index=pd.Index([one["asset"] for one in found], name="asset"))
    frame.insert(0, "fid", [one["fid"] for one in found])
    shapes = [one["geometry"] and shapely.geometry.shape(one["geometry"]) for one in found]
    made = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, frame.index, crs=4326))
    made.attrs = {name: told for name, told in document.items() if name != "assets"}
    made.attrs["units"] = {
        name: told["unit"]
        for one in found
        for name, told in one["values"].items()
        if told.get("unit")
    }
    return made


def dataset_of_series(document: dict[str, Any]) -> "xr.Dataset":
    """Histories as a Dataset over (asset, time), a variable for each property.

    Resampled numbers are the means of their stretches, other kinds the last of them; positions are
    two variables, `…_lon` and `…_lat`. What is not known is NaN.
    """
    import pandas as pd
    import xarray as xr

    columns: dict[str, dict[str, Any]] = {}
    units: dict[str, str] = {}
    for one in sorted(document["series"], key=lambda told: bool(told["scenario"])):
        time = pd.to_datetime(one["at"], format="ISO8601", utc=True).tz_localize(None)
        values = one.get("value", one.get("mean", one.get("last")))
        parts = {one["property"]: values}
        if one["kind"] == "position":
            pairs = one.get("value", one.get("last"))
            parts = {
                f"{one['property']}_lon": [pair[0] for pair in pairs],
                f"{one['property']}_lat": [pair[1] for pair in pairs],
            }
        for name, part in parts.items():
            column = pd.Series(part, index=time, dtype=None if part else float)
            before = columns.setdefault(name, {}).get(one["asset"])
            # a plan's own readings come last, and go before main's
            columns[name][one["asset"]] = column if before is None else column.combine_first(before)
            units[name] = one["unit"]
    made = {}
    for name, by_asset in columns.items():
        table = pd.DataFrame(by_asset).rename_axis(index="time", columns="asset")
        made[name] = xr.DataArray(table.T, attrs={"units": units[name]} if units[name] else {})
    return xr.Dataset(made, attrs=document["asOf"])


def sent(http: httpx.Client, readings: "pd.DataFrame", scenario: str | None) -> dict[str, int]:
    """The receipt of a frame of readings; one that is sent again is not stored again."""
    from hashlib import sha256

    body = readings.to_json(orient="records", date_format="iso", date_unit="us").encode()
    answer = http.post(
        "/twin/observations",
        content=body,
        params={"scenario": scenario} if scenario else {},
        headers={
            "Content-Type": "application/json",
            "Idempotency-Key": sha256(body).hexdigest(),
        },
    )
    check(answer)
    receipt: dict[str, int] = answer.json()
    return receipt
