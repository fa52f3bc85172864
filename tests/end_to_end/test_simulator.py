"""The sample city comes to life through the door."""

import httpx
from service import Service


def test_the_sample_city_lives(service: Service) -> None:
    told = service.command("simulate", "--for", "1min", "--speed", "30", "--seed", "3")
    document = httpx.get(f"{service.url}twin/state").json()
    states = {one["asset"]: one for one in document["assets"]}
    moving = [one for name, one in states.items() if "place" in one["values"]]
    assert len(moving) == 60
    for one in moving:
        assert one["geometry"]["coordinates"] == one["values"]["place"]["value"]
        assert one["values"]["speed"]["unit"] == "km/h"
    measured = [one for one in states.values() if one["values"] and one not in moving]
    assert len(measured) > 150
    # each vehicle tells three things every five seconds, each sensor one every thirty
    assert told["readings"] == 12 * 3 * 60 + 2 * len(measured)
