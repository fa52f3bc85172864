"""Quick analyses run where they are asked for; what proves to be long goes to a worker."""

from typing import Annotated

import pytest

from spatial.analyses import jobs, runner
from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.grant import OWNER


class QuickInputs(Inputs):
    layer: Annotated[LayerName, Label("图层", "the layer")]
    parts: Annotated[int, Label("份数", "parts")] = 1


@analysis("trial-quick", zh="快", en="Quick", about_zh="快", about_en="Quick", quick=True)
def quick(run: Run, inputs: QuickInputs) -> Outcome:
    run.progress(0.0, "begun")
    done = list(run.parallel.map(abs, range(inputs.parts)))
    return Outcome({}, Certificate("1 = 1", 1, 1, 0, 0, "1"), {"parts": len(done)})


@pytest.fixture
def ask(client, plots, planner):
    def post(parts: int = 1, **headers: str):
        body = {"inputs": {"layer": "plots", "parts": parts}}
        return client.post("/processes/trial-quick/execution", json=body, headers=planner | headers)

    return post


def test_no_worker_is_needed(client, planner, ask):
    answer = ask()
    assert (answer.status_code, answer.json()["status"]) == (200, "successful")
    followed = client.get(f"/jobs/{answer.json()['job']}?f=json", headers=planner).json()
    assert (followed["status"], followed["processID"]) == ("successful", "trial-quick")


def test_who_will_not_wait_is_queued(ask):
    assert ask(prefer="respond-async").json()["status"] == "accepted"


@pytest.mark.parametrize("long", [True, False])
def test_long_work_goes_to_a_worker(database, ask, monkeypatch, long):
    """Because of its time, or because it falls into parts; the worker then does it all."""
    if long:
        monkeypatch.setattr(runner, "AT_ONCE_S", -1.0)
    answer = ask(1 if long else 2, prefer="wait=0")
    assert (answer.status_code, answer.json()["status"]) == (201, "accepted")
    (job,) = jobs.every(database, OWNER)
    runner.run(database, job.id, workers=1)
    assert jobs.get(database, job.id, OWNER).status == "successful"
