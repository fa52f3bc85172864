"""The OGC API answers in Chinese or English, however a client spells the language."""

import pytest
from starlette.testclient import TestClient

CHINESE = ("zh", "zh-CN", "zh-TW", "zh-Hans", "zh-Hans-CN", "zh-CN,zh;q=0.9,en;q=0.1")
ENGLISH = ("en", "en-US", "en-GB,en;q=0.8")


@pytest.mark.parametrize("language", [*CHINESE, *ENGLISH])
def test_processes_speak_it(client: TestClient, language: str) -> None:
    wanted = "交通分配" if language in CHINESE else "Traffic assignment"
    for asked in (
        client.get("/processes/assignment?f=json", headers={"Accept-Language": language}),
        client.get("/processes/assignment", params={"f": "json", "lang": language.split(",")[0]}),
    ):
        assert asked.status_code == 200
        assert asked.json()["title"] == wanted
