"""Analyses as OGC API processes, their runs as jobs that only their owner sees."""

from collections.abc import Callable

import pytest
import trial_analyses  # noqa: F401
from starlette.testclient import TestClient
from worlds import bearer

from ogc_api import process_routes

type Headers = dict[str, str]


@pytest.fixture
def execute(client: TestClient) -> Callable[..., object]:
    def post(headers: Headers, *, wait: bool = True, **inputs: object) -> object:
        prefer = {} if wait else {"prefer": "respond-async"}
        return client.post(
            "/processes/trial/execution",
            json={"inputs": {"layer": "plots"} | inputs},
            headers=headers | prefer,
        )

    return post


def test_processes_are_described_from_the_registry(client, database):
    listed = client.get("/processes?f=json").json()["processes"]
    assert {"land-use-overlay", "trial"} <= {one["id"] for one in listed}
    described = client.get("/processes/land-use-overlay?f=json").json()
    assert described["title"] == "Land-use overlay"
    assert described["jobControlOptions"] == ["sync-execute", "async-execute"]
    how = described["inputs"]["how"]
    assert how["schema"]["enum"][1] == "intersection"
    assert (how["minOccurs"], described["inputs"]["left"]["minOccurs"]) == (0, 1)
    assert {"datetime", "known_at", "scenario", "output"} <= set(described["inputs"])
    chinese = client.get("/processes/land-use-overlay?f=json&lang=zh-CN").json()
    assert chinese["title"] == "土地利用叠加"
    assert chinese["inputs"]["left"]["title"].startswith("左图层")
    assert chinese["inputs"]["how"]["schema"]["enum"] == how["schema"]["enum"]
    for page in ("/processes?f=html", "/processes/land-use-overlay?f=html"):
        assert client.get(page).status_code == 200
    assert "/processes/land-use-overlay/execution" in client.get("/openapi?f=json").json()["paths"]


def test_a_client_that_waits_gets_the_result(client, plots, planner, execute, runner):
    answer = execute(planner, output="made", datetime="2020")
    assert answer.status_code == 200
    document = answer.json()
    assert (document["status"], document["outputs"]) == ("successful", {"layer": "made"})
    assert document["summary"]["as_of"]["datetime"] == "2020-12-31T15:59:59.999999Z"
    assert client.get("/collections/made/items").json()["numberMatched"] == 1
    results = client.get(f"/jobs/{document['job']}/results?f=json", headers=planner)
    assert results.json() == document


def test_a_job_is_followed_and_dismissed_by_its_owner_alone(
    client, database, plots, planner, execute
):
    answer = execute(planner, wait=False)
    assert answer.status_code == 201
    job = answer.json()["jobID"]
    assert answer.headers["location"].endswith(f"/jobs/{job}")
    assert client.get(f"/jobs/{job}?f=json", headers=planner).json()["status"] == "accepted"
    assert client.get(f"/jobs/{job}/results?f=json", headers=planner).status_code == 404
    listed = client.get("/jobs?f=json", headers=planner).json()["jobs"]
    assert [one["jobID"] for one in listed] == [job]
    assert listed[0]["parameters"]["layer"] == "plots"
    for page in ("/jobs?f=html", f"/jobs/{job}?f=html"):
        assert client.get(page, headers=planner).status_code == 200
    for stranger in ({}, bearer(database, "stranger")):
        assert client.get("/jobs?f=json", headers=stranger).json()["jobs"] == []
        assert client.get(f"/jobs/{job}?f=json", headers=stranger).status_code == 404
        assert client.get(f"/jobs/{job}/results", headers=stranger).status_code == 404
        assert client.delete(f"/jobs/{job}", headers=stranger).status_code == 404
    assert client.delete(f"/jobs/{job}", headers=planner).json()["status"] == "dismissed"
    assert client.get(f"/jobs/{job}?f=json", headers=planner).json()["status"] == "dismissed"
    assert client.get(f"/jobs/{job}/results?f=json", headers=planner).status_code == 404
    assert client.get("/jobs/not-a-job?f=json", headers=planner).status_code == 404


@pytest.mark.parametrize(
    ("inputs", "status", "says"),
    [
        ({"seconds": "soon"}, 400, "'seconds'"),
        ({"layer": "atlantis"}, 404, "no layer 'atlantis'"),
        ({"datetime": "yesterday"}, 400, "not a time"),
        ({"known_at": 7}, 400, "must be texts"),
        ({"scenario": "utopia"}, 404, "no scenario"),
        ({"output": "plots"}, 412, "exists"),
    ],
)
def test_bad_requests_are_answered_with_help(plots, planner, execute, inputs, status, says):
    answer = execute(planner, **inputs)
    assert answer.status_code == status
    assert says in answer.json()["description"]


def test_running_needs_a_token_that_may_write(client, database, plots, execute):
    assert execute({}).status_code == 401
    assert execute(bearer(database, "reader", "read")).status_code == 403
    assert client.get("/jobs?f=json").json()["jobs"] == []


def test_a_failure_is_told_with_its_reason(plots, planner, execute, runner):
    answer = execute(planner, ends="badly")
    assert answer.status_code == 400
    assert answer.json()["description"] == "the trial was to fail"


def test_whoever_waits_too_long_is_told_of_the_job(client, plots, planner, execute, monkeypatch):
    monkeypatch.setattr(process_routes, "WAIT_S", 0.1)
    answer = execute(planner)
    assert answer.status_code == 201
    assert client.get(f"/jobs/{answer.json()['jobID']}?f=json", headers=planner).is_success
