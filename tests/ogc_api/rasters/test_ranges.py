"""Coverages in parts, as RFC 9110 has it."""

import pytest
from grids import store_ground

ADDRESS = "/collections/ground/coverage?f=geotiff"


@pytest.fixture
def whole(client, database, tmp_path):
    store_ground(database, tmp_path)
    answer = client.get(ADDRESS)
    assert answer.headers["accept-ranges"] == "bytes"
    return answer.content


def test_parts_are_parts_of_the_whole(client, whole):
    size = len(whole)
    for text, part in {
        "bytes=0-99": slice(0, 100),
        "bytes=100-": slice(100, None),
        "bytes=-50": slice(size - 50, None),
        f"bytes=10-{size + 99}": slice(10, None),
        f"bytes=-{size + 99}": slice(None),
    }.items():
        answer = client.get(ADDRESS, headers={"Range": text})
        assert (answer.status_code, answer.content) == (206, whole[part])
        first, last = part.indices(size)[0], part.indices(size)[1] - 1
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert answer.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=9-3"},
        {"Range": "bytes=-"},
        {"Range": "bytes=0-1,4-5"},
        {"Range": "rows=0-1"},
        {"Range": "bytes=0-9", "If-Range": '"another"'},
    ],
)
def test_what_is_no_range_of_ours_gives_all(client, whole, headers):
    answer = client.get(ADDRESS, headers=headers)
    assert (answer.status_code, answer.content) == (200, whole)


@pytest.mark.parametrize("text", ["bytes={}-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(client, whole, text):
    answer = client.get(ADDRESS, headers={"Range": text.format(len(whole))})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(whole)}"
