"""Viewsheds against shadows by hand and against rays cast by brute force."""

import numpy as np
import pytest
import shapely

from spatial.errors import Invalid
from spatial.visibility import camera
from spatial.visibility.coverage import Blocks, Cameras, field_cells, views
from spatial.visibility.viewshed import BUILT, HIDDEN, OUTSIDE, SEEN, viewshed


def seen_from(surface, ground, eye, facing=0.0, half=np.pi, reach=1e3, target=0.0):  # type: ignore[no-untyped-def]
    found = np.zeros(surface.shape, np.uint8)
    viewshed(
        surface, ground, surface > ground, np.array(eye, float), facing, half, reach, target, found
    )
    return found


def test_a_flat_plain_is_seen_within_reach() -> None:
    flat = np.zeros((41, 41))
    found = seen_from(flat, flat, (20, 20, 5), reach=10)
    far = np.hypot(*np.meshgrid(np.arange(-20, 21), np.arange(-20, 21)))
    np.testing.assert_array_equal(found, np.where(far <= 10, SEEN, OUTSIDE))


def test_the_shadow_of_a_wall_is_as_long_as_similar_triangles_say() -> None:
    ground, wall = np.zeros((3, 60)), np.zeros((3, 60))
    wall[:, 10] = 4.0  # its far side is at 10.5: over it the eye 6 m high sees ground from 31.5 on
    found = seen_from(ground + wall, ground, (1, 0, 6))[1]
    assert found[10] == BUILT
    assert (found[:10] == SEEN).all()
    assert (found[11:32] == HIDDEN).all()
    assert (found[32:] == SEEN).all()
    # somebody 2 m tall is seen from 21 m on: twice 10.5
    assert seen_from(ground + wall, ground, (1, 0, 6), target=2.0)[1].tolist().index(SEEN, 11) == 21


def test_the_field_of_view_turns_clockwise_from_north() -> None:
    flat = np.zeros((21, 21))
    for facing, (row, column) in ((0, (3, 10)), (90, (10, 17)), (180, (17, 10)), (270, (10, 3))):
        found = seen_from(flat, flat, (10, 10, 5), np.radians(facing), np.radians(20))
        assert found[row, column] == SEEN
        assert found[20 - row, 20 - column] == OUTSIDE
        assert found[10, 10] == SEEN


def brute(surface, ground, eye, target):  # type: ignore[no-untyped-def]
    """Rays in steps of a twentieth of a cell, in plain numpy."""
    height, width = surface.shape
    found = np.zeros(surface.shape, bool)
    for r in range(height):
        for c in range(width):
            far = np.hypot(r - eye[0], c - eye[1])
            part = np.arange(1, max(int(far * 20), 2)) / max(int(far * 20), 2)
            y = np.rint(eye[0] + part * (r - eye[0])).astype(int)
            x = np.rint(eye[1] + part * (c - eye[1])).astype(int)
            between = ((y != r) | (x != c)) & ((y != round(eye[0])) | (x != round(eye[1])))
            ray = eye[2] + part * (ground[r, c] + target - eye[2])
            found[r, c] = not (surface[y, x] > ray)[between].any()
    return found


def test_it_agrees_with_rays_cast_by_brute_force() -> None:
    rng = np.random.default_rng(4)
    agree = []
    for _ in range(4):
        ground = np.cumsum(rng.normal(0, 0.2, (45, 45)), axis=1)
        surface = ground.copy()
        for _ in range(6):
            r, c = rng.integers(0, 38, 2)
            surface[r : r + 6, c : c + 5] += rng.uniform(3, 20)
        surface[20:25, 20:25] = ground[20:25, 20:25]
        eye = (22.3, 21.8, ground[22, 22] + 8)
        ours = seen_from(surface, ground, eye, target=1.5)
        open_ = ours != BUILT
        agree.append(((ours == SEEN) == brute(surface, ground, eye, 1.5))[open_].mean())
        # a finer walk can only meet more
        assert not (brute(surface, ground, eye, 1.5) & (ours == HIDDEN))[open_].mean() > 0.005
    assert np.mean(agree) > 0.97


def test_views_are_of_one_lattice_and_add_up() -> None:
    cameras = Cameras(
        np.array([[101.3, 200.7], [150, 210]]), np.array([6.0, 6]), np.array([90.0, 0]),
        np.array([60.0, 360]), np.array([50.0, 40]),
    )  # fmt: skip
    blocks = Blocks(np.array([shapely.box(120, 195, 126, 206)], object), np.array([20.0]))

    def flat(x, y):  # type: ignore[no-untyped-def]
        return np.where(x < 160, 3.0, np.nan)  # no ground beyond

    found = views(cameras, blocks, flat, 2.0, 1.5)
    total = sum(view.cells.sum() for view in found)
    assert total == field_cells(cameras, flat, 2.0)
    for view in found:
        assert view.shape.area == pytest.approx(4 * view.cells[0])
        assert np.allclose(shapely.get_coordinates(view.shape) % 2, 0)
        assert not view.shape.intersection(shapely.box(122, 198, 124, 204)).area
    # behind the block, as seen from the west, and before it
    assert not shapely.contains_xy(found[0].shape, 140, 201)
    assert shapely.contains_xy(found[0].shape, 115, 201)
    assert shapely.contains_xy(found[1].shape, 140, 201)
    assert found[1].shape.bounds[2] <= 160


@pytest.mark.parametrize(
    "code",
    ["3202000000132000000", "32020000001320000012x", "99020000001320000001",
     "3202 0000001320000001", "32020000002000000001", ""],
)  # fmt: skip
def test_what_is_no_gb28181_id(code: str) -> None:
    with pytest.raises(Invalid):
        camera.gb28181(code)


def test_ids_and_streams_of_cameras() -> None:
    assert camera.gb28181(" 32020000001320000001 ") == "32020000001320000001"
    assert camera.stream("rtsp://media.example/live/1") == "rtsp://media.example/live/1"
    for link in (
        "rtsp://admin:12345@10.0.0.9/1",
        "rtsp://admin@10.0.0.9/1",
        "https://m.example/1?token=x",
        "https://m.example/1?a=1&Password=",
        "file:///etc/passwd",
        "rtsp://",
        "javascript:alert(1)",
    ):
        with pytest.raises(Invalid):
            camera.stream(link)
