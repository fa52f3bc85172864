"""A real Dask cluster whose worker dies in the middle: the result is that of one process."""

import os
import signal

import pytest
from distributed import Client, LocalCluster
from polygons import store, tessellation

from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.land_use import land_use_overlay

PLAIN = ["fid", "code_1", "number_1", "code_2", "number_2", "left_fid", "right_fid", "area_m2"]


def overlay(database, **options):
    inputs = {"left": "parcels", "right": "zones", "how": "union"}
    job = jobs.submit(database, "land-use-overlay", inputs, AsOf(), OWNER)
    run(database, job, **options)
    done = jobs.get(database, job, OWNER)
    assert done.status == "successful", done.message
    document = done.document()
    frame = read_frame(database, document["outputs"]["layer"], AsOf(), OWNER)
    return frame.sort_values("fid", ignore_index=True), document


def test_a_worker_that_is_killed_neither_loses_nor_doubles_a_piece(database, monkeypatch):
    store(database, "parcels", tessellation(900, 3))
    zones = tessellation(300, 4)
    store(database, "zones", zones[zones.number % 7 != 0])
    serial, _ = overlay(database, workers=1)
    monkeypatch.setattr(land_use_overlay, "FEATURES", 150)
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, scheduler_kwargs={"dashboard": False},
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        victims = list(client.run(os.getpid).values())
        killed = victims[-1]

        def kill_one(share: float, message: str) -> None:
            if message.startswith("2 of") and victims:
                os.kill(killed, signal.SIGKILL)
                victims.clear()

        spread, document = overlay(database, dask=cluster.scheduler_address, watch=kill_one)
    assert not victims
    with pytest.raises(ProcessLookupError):
        os.kill(killed, 0)
    assert document["summary"]["partitions"] > 8
    assert document["certificate"]["holds"]
    assert spread[PLAIN].equals(serial[PLAIN])
    assert (spread.geometry.to_wkb() == serial.geometry.to_wkb()).all()
