"""Water over ground against exact solutions, and by what must hold."""

import numpy as np
import pytest

from spatial.errors import Invalid
from spatial.hydrology.shallow.ground import Ground
from spatial.hydrology.shallow.kernel import GRAVITY
from spatial.hydrology.shallow.links import Opening, Pump
from spatial.hydrology.shallow.series import Series
from spatial.hydrology.shallow.solve import Flood
from spatial.hydrology.shallow.sources import Cells, Inflow, Level, Outlet
from spatial.hydrology.shallow.state import State

SPEED, MANNING, UNTIL = 1.0, 0.03, 3600.0


def wave(x, t):
    """The depth of the travelling wave of constant speed over a flat bed (m), 0 before it."""
    behind = np.maximum(MANNING**2 * SPEED**2 * (SPEED * t - x), 0.0)
    h = (7 / 3 * behind) ** (3 / 7)
    for _ in range(60):
        left = 3 / 7 * h ** (7 / 3) - 3 / 4 * SPEED**2 / GRAVITY * h ** (4 / 3) - behind
        slope = h ** (4 / 3) - SPEED**2 / GRAVITY * h ** (1 / 3)
        h = np.where(behind > 0, h - left / np.where(slope > 0, slope, 1.0), 0.0)
    return h


def error_of_the_wave(dx):
    """Mean error (m) behind the front, after an hour, at cells of dx."""
    n = int(5000 / dx)
    ground = Ground.of(np.zeros((1, n)), dx, MANNING)
    times = np.arange(0, UNTIL + 60, 5.0)
    first = Cells(ground, np.array([0]), np.array([0]))
    levels = np.array([wave(dx / 2, t) for t in times])
    flood = Flood(ground, sources=[Level(first, Series(times, levels))])
    state = flood.start()
    flood.advance(state, UNTIL)
    x = (np.arange(n) + 0.5) * dx
    behind = x < 0.9 * SPEED * UNTIL
    assert state.balance.certificate(state.stored(ground)).holds
    return np.abs(state.h[0] - wave(x, UNTIL))[behind].mean()


def test_the_travelling_wave_converges():
    """Of first order, and no worse than L1 errors known of the scheme on these grids (m)."""
    errors = np.array([error_of_the_wave(dx) for dx in (100, 50, 25, 12.5)])
    assert (errors < [0.0228, 0.0125, 0.0068, 0.0036]).all()
    orders = np.log2(errors[:-1] / errors[1:])
    assert orders[-1] == pytest.approx(1.0, abs=0.15)
    assert (orders > 0.6).all()


def v_catchment(dx):
    """Two planes of 800 m × 1000 m that fall 0.05 to a channel of 20 m that falls 0.02."""
    rows, columns = int(1000 / dx), int(1620 / dx)
    x = (np.arange(columns) + 0.5) * dx - 810
    y = (np.arange(rows) + 0.5) * dx
    side = np.maximum(np.abs(x) - 10, 0)
    z = 0.05 * side[None] + 0.02 * (1000 - y)[:, None] + np.where(side > 0, 1.0, 0.0)[None]
    n = np.where(side > 0, 0.015, 0.15)
    return Ground.of(z, dx, np.broadcast_to(n, z.shape)), side == 0


def test_a_v_catchment_comes_to_let_out_what_rains():
    """10.8 mm/h on 1.62 km² is 4.860 m³/s."""
    ground, channel = v_catchment(20)
    mouth = np.zeros(ground.shape, bool)
    mouth[-1, channel] = True
    flood = Flood(ground, Series.constant(10.8 / 3.6e6), [Outlet.of(ground, mouth, 0.02)])
    state = flood.start()
    flood.advance(state, 9000)
    before = state.balance.left
    flood.advance(state, 9600)
    assert (state.balance.left - before) / 600 == pytest.approx(4.860, rel=1e-5)
    assert state.balance.certificate(state.stored(ground)).holds


@pytest.fixture
def bowl():
    y, x = np.mgrid[0:70, 0:300]
    return 5 + 2 * np.sin(x / 17) * np.cos(y / 11) + 0.01 * ((x * 7 + y * 13) % 10)


def test_a_lake_at_rest_stays_at_rest(bowl):
    ground = Ground.of(bowl, 5.0, 0.03)
    flood = Flood(ground)
    state = flood.start(np.maximum(5.5 - ground.z.astype(float), 0))
    first = state.h.copy()
    flood.advance(state, 600)
    assert state.h == pytest.approx(first, abs=1e-12)
    assert np.abs(state.qx).max() < 1e-12
    assert np.abs(state.qy).max() < 1e-12


@pytest.mark.parametrize("angle", [0.0, 90.0, 45.0])
def test_uniform_flow_has_mannings_depth(angle):
    """Along a plane of slope S: q = h^(5/3) sqrt(S) / n, along the grid and across it."""
    dx, slope, n, depth = 10.0, 1e-3, 0.03, 1.0
    turn = np.radians(angle)
    y, x = np.mgrid[0:100, 0:100] * dx
    ground = Ground.of(100 - slope * (x * np.cos(turn) + y * np.sin(turn)), dx, n)
    flood = Flood(ground)
    state = flood.start(depth)
    flood.advance(state, 120)
    q = np.hypot(state.qx[50, 50], state.qy[50, 50])
    # far from the walls the approach to uniform flow is du/dt = g S - g n² u² / h^(4/3)
    final = depth ** (5 / 3) * np.sqrt(slope) / n
    rate = GRAVITY * n * np.sqrt(slope) * depth ** (-2 / 3)
    assert q == pytest.approx(final * np.tanh(rate * 120), rel=0.01)


def with_everything(bowl):
    """Rain, hydrograph, tide, outlet, soil, drains, blocks, wall, culvert, gate, pumps."""
    blocks = np.zeros(bowl.shape, bool)
    blocks[20:30, 40:60] = True
    bed = bowl.copy()
    bed[:5, :5] = np.nan
    wall = np.full((70, 301), np.nan)
    wall[:, 200] = 6.5
    ground = Ground.of(bed, 5.0, 0.03, blocks=blocks, walls_x=wall, infiltration=5.0, drainage=10.0)
    edge = np.zeros(bowl.shape, bool)
    edge[:, -1] = True
    low = np.unravel_index(np.nanargmin(bed), bed.shape)
    one = np.array([50]), np.array([100])
    tide = Series(np.array([0.0, 900, 1800]), np.array([5.0, 6.0, 4.5]))
    rain = Series(np.array([0.0, 600, 1200]), np.array([5e-5, 1e-5, 0]), steps=True)
    hydrograph = Series(np.array([0.0, 300, 1500]), np.array([0.0, 8, 1]))
    shut = Series(np.array([0.0, 700]), np.array([0.5, 0.0]), steps=True)
    return Flood(
        ground,
        rain,
        [
            Inflow(Cells(ground, *one), hydrograph),
            Level(Cells(ground, np.arange(30, 40), np.zeros(10, int)), tide),
            Outlet.of(ground, edge),
        ],
        [
            Opening((10, 190), (10, 210), 4.0, 1.5, Series.constant(1.0), length=20),
            Opening((40, 190), (40, 210), 4.0, 3.0, shut),
            Pump((60, 210), (60, 190), 4.3, 3.9, (0.0, 5.0), (2.0, 1.0)),
            Pump(low, None, bed[low] + 0.1, bed[low] + 0.05, (0.0,), (1.0,), outside=7.0),
        ],
    )


def test_water_in_is_water_out_stored_and_infiltrated(bowl):
    flood = with_everything(bowl)
    state = flood.start()
    flood.advance(state, 1800)
    certificate = state.balance.certificate(state.stored(flood.ground))
    assert certificate.holds
    assert certificate.relative < 1e-12
    assert [name for name, term in certificate.balance.items() if term <= 0] == ["initial"]
    assert certificate.balance["rain"] == pytest.approx(0.036 * 25 * (70 * 300 - 25), rel=1e-6)
    assert not state.h[~flood.ground.open].any()
    assert (state.h >= 0).all()


def test_resumed_is_uninterrupted_and_parallel_is_serial(bowl, tmp_path, monkeypatch):
    monkeypatch.setattr("spatial.hydrology.shallow.solve._WORTH", 0)
    flood = with_everything(bowl)
    whole, parts = flood.start(), flood.start()
    for until in (500.0, 1000.0):
        flood.advance(whole, until)
    flood.advance(parts, 500.0, threads=3)
    parts.save(tmp_path / "half.npz")
    again = State.restore(tmp_path / "half.npz", flood.ground)
    flood.advance(again, 1000.0, threads=2)
    for name in ("h", "qx", "qy", "wet", "running"):
        assert np.array_equal(getattr(again, name), getattr(whole, name)), name
    for name, peak in whole.peaks.arrays().items():
        assert np.array_equal(again.peaks.arrays()[name], peak, equal_nan=True), name
    assert (again.balance, again.time, again.steps) == (whole.balance, whole.time, whole.steps)


def test_a_dam_that_is_not_overtopped_holds():
    wall = np.full((20, 41), np.nan)
    wall[:, 20] = 3.0
    ground = Ground.of(np.zeros((20, 40)), 10.0, 0.03, walls_x=wall)
    flood = Flood(ground)
    depth = np.zeros((20, 40))
    depth[:, :20] = 2.9
    state = flood.start(depth)
    flood.advance(state, 600)
    assert not state.h[:, 20:].any()
    state = flood.start(depth * 3.5 / 2.9)
    flood.advance(state, 600)
    assert state.h[:, :20].mean() == pytest.approx(3.0, abs=0.05)


def test_dry_tiles_are_left_out_and_change_nothing():
    """A pond that spreads over four tiles and falls dry, against the same on one sheet."""
    rng = np.random.default_rng(5)
    ground = Ground.of(rng.uniform(0, 0.3, (96, 768)), 5.0, 0.05, infiltration=200.0)
    depth = np.zeros(ground.shape)
    depth[30:34, 250:260] = 2.0
    flood = Flood(ground)
    state = flood.start(depth)
    state.wet[:] = flood.tiling.holding(*np.nonzero(depth))
    everywhere = flood.start(depth)
    for until in range(60, 1800, 60):
        everywhere.wet[:] = True
        flood.advance(everywhere, until)
        flood.advance(state, until)
    assert np.array_equal(state.h, everywhere.h)
    assert state.balance.certificate(state.stored(ground)).holds


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda g: Flood(g, Series.constant(-1e-6)), "rain must not be negative"),
        (lambda g: Series(np.array([0.0, 60, 30]), np.ones(3)), "must ascend"),
        (lambda g: Series(np.array([0.0, 60]), np.array([1, np.nan])), "gap"),
        (lambda g: Cells(g, np.array([], int), np.array([], int)), "outside the grid"),
        (lambda g: Cells(g, np.array([0]), np.array([0])), "no ground"),
        (lambda g: Ground.of(np.full((3, 3), np.nan), 1.0, 0.03), "no ground"),
        (lambda g: Ground.of(np.zeros((3, 3)), 1.0, 0.0), "must be positive"),
        (lambda g: Ground.of(np.zeros((3, 3)), 1.0, 0.03, infiltration=-1.0), "not be negative"),
        (lambda g: g and Flood(g).start(-1.0), "negative"),
    ],
)
def test_what_makes_no_sense_is_refused(make, reason):
    bed = np.zeros((4, 4))
    bed[0, 0] = np.nan
    with pytest.raises(Invalid, match=reason):
        make(Ground.of(bed, 1.0, 0.03))


def test_a_storm_of_zero_leaves_all_dry():
    flood = Flood(Ground.of(np.zeros((9, 9)), 1.0, 0.03), Series.constant(0.0))
    state = flood.start()
    flood.advance(state, 3600)
    assert not state.h.any()
    assert state.balance.certificate(0.0).holds


def test_a_level_below_dry_ground_leaves_it_dry_and_one_above_wets_it():
    ground = Ground.of(np.full((9, 9), 2.0), 1.0, 0.03)
    for level, deep in ((1.0, 0.0), (2.5, 0.5)):
        edge = Cells(ground, np.arange(9), np.zeros(9, int))
        flood = Flood(ground, sources=[Level(edge, Series.constant(level))])
        state = flood.start()
        flood.advance(state, 3600)
        np.testing.assert_allclose(state.h, deep, atol=1e-6)
        assert state.balance.certificate(state.stored(ground)).holds
