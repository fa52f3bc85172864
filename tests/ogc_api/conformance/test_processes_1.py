"""OGC API Processes, Part 1 (18-062r2), by its abstract tests."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import jsonschema
import pytest
from starlette.testclient import TestClient

BASE = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf"
REL = "http://www.opengis.net/def/rel/ogc/1.0"
EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
TRIAL = "/processes/trial"


@pytest.fixture
def execute(
    client: TestClient, plots: object, planner: dict[str, str]
) -> Callable[..., httpx.Response]:
    """Runs the trial, with further members of the request; prefer gives headers."""

    def post(*prefer: str, **request: Any) -> httpx.Response:
        inputs = {"layer": "plots"} | request.pop("inputs", {})
        headers = [*planner.items(), *(("prefer", one) for one in prefer)]
        answer: httpx.Response = client.post(
            f"{TRIAL}/execution",
            json={"inputs": inputs, **request},
            headers=headers,  # type: ignore[arg-type]
        )
        return answer

    client.headers.update(planner)
    return post


def relations(document: dict[str, Any]) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in document["links"]}


class TestCore:
    uri = f"{BASE}/core"

    def test_landing_page(self, client: TestClient) -> None:
        """/req/core/landingpage-op, /req/core/landingpage-success"""
        links = relations(client.get("/?f=json").json())
        assert {"service-desc", "conformance", f"{REL}/processes", f"{REL}/job-list"} <= set(links)

    def test_process_list(self, client: TestClient) -> None:
        """/req/core/process-list, /req/core/process-list-success, /rec/core/process-summary-links

        /req/core/pl-limit-definition, /req/core/pl-limit-response
        """
        found = client.get("/processes?f=json").json()["processes"]
        assert {"trial", "land-use-overlay"} <= {one["id"] for one in found}
        for one in found:
            assert {"id", "version", "jobControlOptions", "outputTransmission"} <= set(one)
            assert any(link["href"].startswith(client_url(one["id"])) for link in one["links"])
        assert len(client.get("/processes?f=json&limit=1").json()["processes"]) == 1

    def test_no_such_process(self, client: TestClient, execute: Callable[..., Any]) -> None:
        """/req/core/process-exception/no-such-process"""
        for answer in (
            client.get("/processes/alchemy"),
            client.post("/processes/alchemy/execution", json={}),
        ):
            assert answer.status_code == 404
            assert answer.json()["type"] == f"{EXCEPTIONS}/no-such-process"

    def test_execution_is_synchronous_by_default(
        self, execute: Callable[..., Any], runner: None
    ) -> None:
        """/req/core/job-creation-default-execution-mode

        /req/core/job-creation-op, /req/core/job-creation-request, /req/core/job-creation-inputs,
        /req/core/job-creation-default-outputs
        """
        answer = execute()
        assert (answer.status_code, answer.json()["status"]) == (200, "successful")
        assert "preference-applied" not in answer.headers

    def test_one_raw_value(self, execute: Callable[..., Any], runner: None) -> None:
        """/req/core/job-creation-success-sync-raw-value-one"""
        answer = execute(response="raw")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json()["outputs"]["layer"].startswith("trial_")

    def test_a_raw_reference(
        self, client: TestClient, execute: Callable[..., Any], runner: None
    ) -> None:
        """/req/core/job-creation-success-sync-raw-ref"""
        answer = execute(outputs={"result": {"transmissionMode": "reference"}})
        assert (answer.status_code, answer.content) == (204, b"")
        value = client.get(answer.links["result"]["url"])
        assert value.json()["status"] == "successful"

    def test_documents(self, client: TestClient, execute: Callable[..., Any], runner: None) -> None:
        """/req/core/job-creation-success-sync-document"""
        value = execute(response="document").json()
        assert value["result"]["value"]["status"] == "successful"
        wanted = {"transmissionMode": "reference", "format": {"mediaType": "application/geo+json"}}
        link = execute(response="document", outputs={"result": wanted}).json()["result"]
        assert link["type"] == "application/geo+json"
        assert client.get(link["href"]).json()["numberMatched"] == 1

    def test_features_by_value(self, execute: Callable[..., Any], runner: None) -> None:
        """/req/core/job-creation-success-sync-raw-value-one, in the other format"""
        wanted = {"format": {"mediaType": "application/geo+json"}}
        answer = execute(outputs={"result": wanted})
        assert answer.headers["content-type"] == "application/geo+json"
        assert len(answer.json()["features"]) == 1

    def test_qualified_inputs(self, execute: Callable[..., Any], runner: None) -> None:
        """/req/core/job-creation-input-inline-object, /req/core/job-creation-input-array"""
        inputs = {"layer": {"value": "plots"}, "words": ["a", {"value": "b"}]}
        assert execute(inputs=inputs).status_code == 200

    @pytest.mark.parametrize(
        "request_",
        [
            {"inputs": {"seconds": "soon"}},
            {"inputs": {"nonsense": 1}},
            {"response": "cooked"},
            {"outputs": {"gold": {}}},
            {"outputs": {"result": {"transmissionMode": "pigeon"}}},
            {"outputs": {"result": {"format": {"mediaType": "image/png"}}}},
        ],
    )
    def test_inputs_are_checked(
        self, execute: Callable[..., Any], request_: dict[str, Any]
    ) -> None:
        """/req/core/job-creation-input-validation"""
        assert execute(**request_).status_code == 400

    def test_asynchronous_execution(self, client: TestClient, execute: Callable[..., Any]) -> None:
        """/req/core/job-creation-auto-execution-mode, /req/core/job-creation-success-async

        /req/core/job-op, /req/core/job-success, /rec/core/process-execute-preference-applied
        """
        answer = execute("respond-async")
        assert (answer.status_code, answer.headers["preference-applied"]) == (201, "respond-async")
        status = client.get(answer.headers["location"]).json()
        assert status == answer.json()
        assert {"jobID", "type", "status", "processID", "created", "updated"} <= set(status)
        assert (status["type"], status["status"], status["processID"]) == (
            "process", "accepted", "trial",
        )  # fmt: skip
        assert relations(status)["self"] == answer.headers["location"]

    def test_results_of_an_asynchronous_job(
        self, client: TestClient, execute: Callable[..., Any], runner: None
    ) -> None:
        """/req/core/job-results, /req/core/job-results-success-async

        /req/core/job-results-async-document
        """
        job = execute("respond-async", response="document").headers["location"]
        status = finished(client, job)
        assert status["progress"] == 100
        assert status["created"] <= status["started"] <= status["finished"] <= status["updated"]
        results = client.get(relations(status)[f"{REL}/results"])
        assert results.json()["result"]["value"]["status"] == "successful"

    def test_no_such_job(self, client: TestClient) -> None:
        """/req/core/job-exception-no-such-job, /req/core/job-results-exception/no-such-job"""
        for name in ("nothing", "00000000-0000-4000-8000-000000000000"):
            for path in (f"/jobs/{name}", f"/jobs/{name}/results"):
                answer = client.get(path)
                assert answer.status_code == 404
                assert answer.json()["type"] == f"{EXCEPTIONS}/no-such-job"

    def test_results_that_are_not_ready(
        self, client: TestClient, execute: Callable[..., Any]
    ) -> None:
        """/req/core/job-results-exception/results-not-ready"""
        answer = client.get(f"{execute('respond-async').headers['location']}/results")
        assert answer.status_code == 404
        assert answer.json()["type"] == f"{EXCEPTIONS}/result-not-ready"

    def test_failed_jobs(
        self, client: TestClient, execute: Callable[..., Any], runner: None
    ) -> None:
        """/req/core/job-results-failed"""
        for ends, code in (("badly", 400), ("oddly", 500)):
            job = execute("respond-async", inputs={"ends": ends}).headers["location"]
            status = finished(client, job)
            answer = client.get(relations(status)[f"{REL}/exceptions"])
            assert (status["status"], answer.status_code) == ("failed", code)
            assert answer.json()["detail"] == status["message"]
            assert "SELECT" not in answer.text


class TestProcessDescription:
    uri = f"{BASE}/ogc-process-description"

    def test_inputs_and_outputs_are_described(self, client: TestClient) -> None:
        """/req/ogc-process-description/json-encoding, inputs-def, outputs-def and their schemas"""
        for one in client.get("/processes?f=json").json()["processes"]:
            described = client.get(f"/processes/{one['id']}?f=json").json()
            assert described["id"] == one["id"]
            assert {"sync-execute", "async-execute"} == set(described["jobControlOptions"])
            assert {"value", "reference"} == set(described["outputTransmission"])
            assert f"{REL}/execute" in relations(described)
            for part in (*described["inputs"].values(), *described["outputs"].values()):
                jsonschema.Draft202012Validator.check_schema(part["schema"])
                assert "$ref" not in str(part["schema"])
                assert part["title"]


class TestJson:
    uri = f"{BASE}/json"

    def test_everything_comes_as_json(self, client: TestClient, planner: dict[str, str]) -> None:
        """/req/json/definition"""
        for path in ("/processes", TRIAL, "/jobs"):
            answer = client.get(path, headers={**planner, "accept": "application/json"})
            assert answer.headers["content-type"].startswith("application/json")


class TestOpenApi:
    uri = f"{BASE}/oas30"

    def test_paths_are_documented(self, client: TestClient) -> None:
        """/req/oas30/completeness"""
        document = client.get("/openapi?f=json").json()
        assert document["openapi"].startswith("3.0")
        shared = document["components"]["parameters"]
        listed = document["paths"]["/jobs"]["get"]["parameters"]
        known = {shared[one["$ref"].rpartition("/")[2]]["name"] for one in listed}
        assert {"type", "processID", "status", "datetime", "minDuration", "maxDuration"} <= known
        assert "delete" in document["paths"]["/jobs/{jobId}"]
        assert "post" in document["paths"]["/processes/trial/execution"]


class TestJobList:
    uri = f"{BASE}/job-list"

    def test_jobs_are_listed_by_pages(
        self, client: TestClient, execute: Callable[..., Any]
    ) -> None:
        """/req/job-list/job-list-op, limit-definition, limit-response, links, job-list-success"""
        made = {execute("respond-async").json()["jobID"] for _ in range(3)}
        page, found = client.get("/jobs?limit=2").json(), []
        found += page["jobs"]
        assert (len(found), page["numberMatched"]) == (2, 3)
        found += client.get(relations(page)["next"]).json()["jobs"]
        assert {one["jobID"] for one in found} == made
        assert client.get("/jobs?limit=0").status_code == 400

    def test_jobs_are_filtered(
        self, client: TestClient, execute: Callable[..., Any], runner: None
    ) -> None:
        """/req/job-list/type-response, processID-response, status-response, datetime-response

        /req/job-list/duration-response
        """
        short = execute().json()["job"]
        failed = execute("respond-async", inputs={"ends": "badly"}).headers["location"]
        failed = finished(client, failed)["jobID"]
        created = client.get(f"/jobs/{failed}").json()["created"]

        def found(query: str) -> set[str]:
            answer = client.get(f"/jobs?{query}")
            assert answer.status_code == 200, answer.text
            return {one["jobID"] for one in answer.json()["jobs"]}

        assert found("type=process") == {short, failed}
        assert found("status=successful") == {short}
        assert found("status=failed,dismissed") == {failed}
        assert found("processID=trial") == {short, failed}
        assert found("processID=land-use-overlay") == set()
        assert found(f"datetime={created}/..") == {failed}
        assert found("datetime=../2020") == set()
        assert found("minDuration=3600") == set()
        assert found("maxDuration=3600") == {short, failed}
        for wrong in ("status=lost", "type=magic", "minDuration=long", "datetime=soon", "x=1"):
            assert client.get(f"/jobs?{wrong}").status_code == 400


class TestDismiss:
    uri = f"{BASE}/dismiss"

    def test_a_job_is_dismissed(self, client: TestClient, execute: Callable[..., Any]) -> None:
        """/req/dismiss/job-dismiss-op, /req/dismiss/job-dismiss-success"""
        job = execute("respond-async").headers["location"]
        answer = client.delete(job)
        assert (answer.status_code, answer.json()["status"]) == (200, "dismissed")
        assert client.get(job).json()["status"] == "dismissed"

    def test_one_that_has_finished_cannot_be(
        self, client: TestClient, execute: Callable[..., Any], runner: None
    ) -> None:
        """/req/dismiss/job-dismiss-op: what is done is a layer, which is dropped as such"""
        assert client.delete(f"/jobs/{execute().json()['job']}").status_code == 409

    def test_no_such_job(self, client: TestClient, planner: dict[str, str]) -> None:
        """/req/dismiss/job-exception-no-such-job"""
        answer = client.delete("/jobs/nothing", headers=planner)
        assert answer.status_code == 404
        assert answer.json()["type"] == f"{EXCEPTIONS}/no-such-job"


def client_url(process: str) -> str:
    return f"http://127.0.0.1:8000/processes/{process}"


def finished(client: TestClient, job: str) -> dict[str, Any]:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        status: dict[str, Any] = client.get(job).json()
        if status["status"] not in ("accepted", "running"):
            return status
        time.sleep(0.05)
    raise AssertionError("it never finished")
