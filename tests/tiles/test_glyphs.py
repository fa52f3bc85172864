"""Letters: what other decoders and other rasterisers say of them."""

from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt
from starlette.testclient import TestClient

from tiles.faces import SHIPPED, ideographs
from tiles.glyphs import BORDER, EM, glyphs, signed_distance

KINDS = {"string": 9, "bytes": 12, "uint32": 13, "sint32": 17, "message": 11}
# https://github.com/mapbox/node-fontnik/blob/master/proto/glyphs.proto
FORMAT = {
    "glyph": ("id uint32 1", "bitmap bytes 2", "width uint32 3", "height uint32 4",
              "left sint32 5", "top sint32 6", "advance uint32 7"),
    "fontstack": ("name string 1", "range string 2", "glyphs glyph 3"),
    "glyphs": ("stacks fontstack 1",),
}  # fmt: skip


@pytest.fixture(scope="module")
def message() -> Any:
    """The published format, as Google's protobuf reads it."""
    file = descriptor_pb2.FileDescriptorProto(name="glyphs.proto", syntax="proto2")
    for title, fields in FORMAT.items():
        made = file.message_type.add(name=title)
        for name, kind, number in map(str.split, fields):
            nested = kind in FORMAT
            made.field.add(
                name=name,
                number=int(number),
                label=3 if nested else 1,
                type=KINDS["message" if nested else kind],
                type_name=f".{kind}" if nested else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("glyphs"))


def read(message: Any, data: bytes) -> dict[str, Any]:
    (stack,) = message.FromString(data).stacks
    return {chr(one.id): one for one in stack.glyphs}


def test_the_distance_from_a_square_is_known_by_hand() -> None:
    corners = [(0, 0), (0, 4), (4, 4), (4, 0)]
    square = np.array([(*a, *b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)])
    made = signed_distance(square.astype(float), np.array([-3.0, 1.0, 2.0, 7.0]), np.array([2, 8]))
    assert made == pytest.approx(np.array([[3, -1, -2, 3], [5, 4, 4, 5]]))
    hole = square[::-1][:, [2, 3, 0, 1]] / 2 + 1
    ring = signed_distance(np.vstack([square, hole]), np.array([2.0, 0.5]), np.array([2.0]))
    assert ring == pytest.approx(np.array([[1, -0.5]]))


@pytest.mark.parametrize("letter", "AgM8Öλж")
@pytest.mark.parametrize("font", SHIPPED)
def test_letters_are_as_freetype_draws_them(message: Any, font: str, letter: str) -> None:
    """Pillow's picture at sixteen times the size, and SciPy's distances in it."""
    one = read(message, glyphs(font, ord(letter) // 256 * 256))[letter]
    shape = (one.height + 2 * BORDER, one.width + 2 * BORDER)
    ours = np.frombuffer(one.bitmap, np.uint8).reshape(shape)
    times = 16
    data = files("tiles").joinpath("fonts", SHIPPED[font]).open("rb")
    face = ImageFont.truetype(data, int(EM * times), layout_engine=ImageFont.Layout.BASIC)
    picture = Image.new("L", (shape[1] * times, shape[0] * times))
    place = ((BORDER - one.left) * times, (BORDER + one.top + 27) * times)
    ImageDraw.Draw(picture).text(place, letter, fill=255, font=face, anchor="ls")
    ink = np.asarray(picture) > 127
    assert ink.any()
    far = distance_transform_edt(~ink) - distance_transform_edt(ink)
    middle = times // 2
    theirs = np.clip(255 * 0.75 - 255 / 8 * far[middle::times, middle::times] / times, 0, 255)
    assert np.abs(theirs - ours).max() < 8  # a quarter of a pixel, hinting and sampling
    assert one.advance == pytest.approx(face.getlength(letter) / times, abs=0.6)


def test_a_stack_holds_its_characters_and_no_more(message: Any) -> None:
    latin = read(message, glyphs("Noto Sans Regular", 0))
    assert set(latin) >= {chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x100))}
    assert "\n" not in latin
    space = latin[" "]
    assert (space.width, space.height, space.bitmap) == (0, 0, b"")
    assert space.advance > 0
    assert read(message, glyphs("Noto Sans Regular", 0x10FF00)) == {}
    (stack,) = message.FromString(glyphs("Noto Sans Bold, Noto Sans Regular", 256)).stacks
    assert (stack.name, stack.range) == ("Noto Sans Bold, Noto Sans Regular", "256-511")
    assert "ǎ" in {chr(one.id) for one in stack.glyphs}


def test_chinese_comes_from_the_systems_font(message: Any) -> None:
    if ideographs(False, EM) is None:
        pytest.skip("no free Chinese font here: apt install fonts-noto-cjk")
    found = read(message, glyphs("Noto Sans Regular", ord("湖") // 256 * 256))
    assert found["湖"].advance == 24
    assert len(found) == 256


def test_they_are_served(client: TestClient, message: Any) -> None:
    answer = client.get("/fonts/Noto%20Sans%20Italic/0-255.pbf")
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert "max-age" in answer.headers["cache-control"]
    assert "A" in read(message, answer.content)
    for bad in ("Comic%20Sans/0-255", "Noto%20Sans%20Bold/1-256", "Noto%20Sans%20Bold/0-511"):
        assert client.get(f"/fonts/{bad}.pbf").status_code == 404
    assert client.get("/fonts/Noto%20Sans%20Bold/1114112-1114367.pbf").status_code == 404
