"""Places found by their names, also with slips of the pen; names found by their places."""

import numpy as np
import pytest
from starlette.testclient import TestClient
from town import load, squares, year

from datasets.sample.names import Names
from spatial.asof import AsOf
from spatial.database import Database
from spatial.geocode.geocode import geocode
from spatial.geocode.grams import Grams, plain
from spatial.geocode.likeness import likeness
from spatial.grant import ANONYMOUS, OWNER


def addresses(count: int = 3000) -> list[tuple[str, str]]:
    """Addresses as the sample city gives them: streets, and numbers along each."""
    names = Names(7)
    streets = [names.take("路", "Road") for _ in range(count // 20)]
    return [(f"{zh}{n}号", f"{n} {en}") for zh, en in streets for n in range(1, 21)]


def first(text: str, names: list[str], index: Grams) -> set[str]:
    """Those that no other comes before."""
    found = index.nearest(plain(text), 100)
    score = likeness(plain(text), [names[n] for n in found])
    return {names[n] for n, one in zip(found, score, strict=True) if one == score.max()}


def slipped(text: str, rng: np.random.Generator) -> str:
    """The text with one letter wrong, left out, or exchanged with the next; never a digit."""
    letters = list(text)
    spots = [
        n for n in range(len(letters) - 1) if not "".join(letters[n : n + 2]).strip().isdigit()
    ]
    n = int(rng.choice([n for n in spots if not letters[n].isdigit()]))
    match rng.integers(3):
        case 0:
            letters[n] = "囧" if ord(letters[n]) > 255 else "q"
        case 1:
            del letters[n]
        case _ if not letters[n + 1].isdigit():
            letters[n], letters[n + 1] = letters[n + 1], letters[n]
    return "".join(letters)


@pytest.mark.parametrize("language", [0, 1])
def test_addresses_are_found_though_a_letter_is_wrong(language: int) -> None:
    told = [one[language] for one in addresses()]
    names = [plain(one) for one in told]
    index, rng = Grams.of(names), np.random.default_rng(3)
    chosen = rng.permutation(len(names))[:300].tolist()
    assert all(first(told[n], names, index) == {names[n]} for n in chosen)
    right = [names[n] in first(slipped(told[n], rng), names, index) for n in chosen]
    assert np.mean(right) > 0.97


def test_what_people_write_differently_is_the_same() -> None:
    assert plain("Ｙｕｎｘｉ  Road, 12") == plain("yunxi road 12") == "yunxiroad12"
    assert plain("云溪路１２ 号") == "云溪路12号"


def test_a_likeness_by_hand() -> None:
    # 云溪 of 云溪路 is all there; the name is longer than the text: 1 · 1 · (0.75 + 0.25 · 2/3)
    assert likeness("云溪", ["云溪路"])[0] == pytest.approx(0.75 + 0.5 / 3)
    # both whole: the longer explains all 6 letters, the shorter 3 of them: 0.6 + 0.4 · 3/6
    assert likeness("云溪路12号", ["云溪路12号", "云溪路"]).tolist() == pytest.approx([1.0, 0.8])
    # another number costs a fifth, so the street comes first
    other, street = likeness("云溪路13号", ["云溪路12号", "云溪路"])
    assert other < street


def test_grams_weigh_rare_pairs_more() -> None:
    index = Grams.of(["东路", "西路", "东路北", "云"])
    assert index.nearest("云", 5).tolist() == [3]
    assert index.nearest("无", 5).tolist() == []
    assert index.nearest("西路", 1).tolist() == [1]


@pytest.fixture
def named(database: Database) -> Database:
    shapes = squares(40)
    text = [f"云溪路{n}号" for n in range(1, 21)] + [f"梅塘路{n}号" for n in range(1, 21)]
    load(database, "houses", shapes, "MultiPolygon", ("name_zh", text))
    load(
        database,
        "hidden",
        shapes[:3],
        "MultiPolygon",
        ("name_zh", ["秘密基地"] * 3),
        access="restricted",
    )
    return database


def test_hotline_texts_find_their_place(named: Database) -> None:
    for text in ("云溪路13号门口积水很深", "我在云西路13号，路面积水"):
        found, _ = geocode(named, AsOf(), ANONYMOUS, text)
        assert found[0]["name"] == "云溪路13号", text
        assert (found[0]["layer"], found[0]["fid"]) == ("houses", 13)
    gone, _ = geocode(named, AsOf(), ANONYMOUS, "云溪路17号")  # until 2020, as every fifth
    assert gone[0]["name"] != "云溪路17号"
    then, asof = geocode(named, AsOf(valid_at=year(2015)), ANONYMOUS, "云溪路17号")
    assert then[0]["name"] == "云溪路17号"
    assert asof.valid_at == year(2015)


def test_what_may_not_be_seen_is_not_found(named: Database) -> None:
    assert geocode(named, AsOf(), ANONYMOUS, "秘密基地")[0] == []
    (found,) = geocode(named, AsOf(), OWNER, "秘密基地")[0]
    assert found["layer"] == "hidden"


def test_by_http_there_and_back(named: Database, client: TestClient) -> None:
    answer = client.get("/geocode", params={"text": "云溪路13号", "limit": 2}).json()
    first, second = answer["places"]
    assert first["score"] == 1.0 > second["score"]
    back = client.get(
        "/geocode/reverse", params={"place": ",".join(map(str, first["place"]))}
    ).json()["places"]
    assert (back[0]["name"], back[0]["metres"], back[0]["score"]) == ("云溪路13号", 0, 1)
    far = client.get("/geocode/reverse", params={"place": "100,30"}).json()
    assert far["places"] == []
    for path in (
        "/geocode",
        "/geocode?text=x&limit=0",
        "/geocode?text=x&layer=none",
        "/geocode?text=" + "云" * 501,
        "/geocode/reverse",
        "/geocode/reverse?place=1,99",
    ):
        assert client.get(path).status_code in (400, 404), path
