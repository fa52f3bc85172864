"""A city taken away whole and put up elsewhere is the same city."""

import io
import json
import shutil
import socket
import tempfile
import zipfile
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from urllib.parse import quote

import numpy as np
import psycopg
import pytest
import rasterio
import shapely
from conftest import FAST
from psycopg import sql
from worlds import make_layer

from citytwin.backup import backup, restore
from citytwin.home import open_city
from citytwin.rasters import store_raster
from citytwin.settings import settings
from spatial import audit, catalogue, scenario, token
from spatial.asof import AsOf
from spatial.database import Database
from spatial.digest import copied
from spatial.edit import edit
from spatial.errors import Conflict, Misconfigured, NotFound, Rejected, Unavailable
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.migrate import migrate, revision
from spatial.moment import last_stamp
from spatial.postgres.cluster import Cluster
from spatial.query import snapshot
from spatial.rasters import rasters

SQUARE = shapely.box(528_000, 3_486_000, 528_002, 3_486_002)


@pytest.fixture
def elsewhere(cluster) -> Iterator[Database]:
    """Another city, empty."""
    with psycopg.connect(cluster.conninfo_for("postgres"), autocommit=True) as pg:
        pg.execute("CREATE DATABASE elsewhere")
        with psycopg.connect(cluster.conninfo_for("elsewhere"), autocommit=True) as other:
            other.execute("CREATE EXTENSION postgis")
        city = Database(cluster.conninfo_for("elsewhere"))
        migrate(city)
        yield city
        city.close()
        pg.execute(sql.SQL("DROP DATABASE elsewhere WITH (FORCE)"))


def place(root, name):
    return settings({}, data_dir=root / name)


def inhabited(database, chosen, tmp_path) -> list[AsOf]:
    """A city with a past, a plan, a raster and a token; the moments to look at it."""
    make_layer(database)
    with snapshot(database) as pg:
        first = last_stamp(pg)
    with edit(database, "plots", author="ada") as editor:
        editor.update(1, {"code": "住宅"})
        editor.remove(2)
    scenario.create(database, "plan", author="ada")
    with edit(database, "plots", author="ada", scenario="plan") as editor:
        editor.update(3, {"code": "湿地"})
    token.create(database, "read", days=3)
    with rasterio.open(
        tmp_path / "dem.tif", "w", driver="GTiff", width=20, height=20, count=1, dtype="float32",
        crs="EPSG:4549", transform=rasterio.transform.from_origin(528_000, 3_486_000, 10, 10),
    ) as made:  # fmt: skip
        made.write(np.arange(400, dtype="f4").reshape(1, 20, 20))
    store_raster(database, chosen.data_dir / "rasters", tmp_path / "dem.tif")
    return [AsOf(), AsOf(known_at=first), AsOf(scenario="plan")]


def told(database, chosen, moments) -> object:
    said = []
    for asof in moments:
        frame = read_frame(database, "plots", asof, OWNER).sort_values("fid")
        said.append(md5(frame.to_wkb().to_csv(index=False).encode()).hexdigest())
    with snapshot(database) as pg:
        layer = catalogue.find(pg, "plots")
        grids = rasters(pg, OWNER)
        tokens = pg.execute("SELECT digest, subject, expires_at FROM city.token").fetchall()
        log = pg.execute("SELECT * FROM city.change ORDER BY cursor").fetchall()
    files = {
        path.relative_to(chosen.data_dir).as_posix(): path.read_bytes()
        for path in sorted((chosen.data_dir / "rasters").rglob("*"))
        if path.is_file()
    }
    assert files
    assert grids
    return said, layer, grids, tokens, log, files


def test_a_city_moves_house(database, elsewhere, tmp_path):
    here, there = place(tmp_path, "here"), place(tmp_path, "there")
    moments = inhabited(database, here, tmp_path)
    was = told(database, here, moments)
    manifest = backup(database, here, tmp_path / "city.backup")
    assert manifest["cursor"] == was[1].cursor
    restore(elsewhere, there, tmp_path / "city.backup", author="bob")
    assert told(elsewhere, there, moments) == was
    assert [entry.action for entry in audit.entries(elsewhere)] == ["restore"]
    assert revision(elsewhere) == revision(database)
    with edit(elsewhere, "plots", author="bob") as editor:  # the guards and counters came along
        assert editor.insert({"code": "new"}, SQUARE, 4549) == 4
        editor.update(1, {"code": "x"})
    with pytest.raises(Conflict, match="not empty"):
        restore(elsewhere, there, tmp_path / "city.backup", author="bob")
    restore(elsewhere, there, tmp_path / "city.backup", author="bob", replace=True)
    assert told(elsewhere, there, moments) == was


def test_a_damaged_backup_changes_nothing(database, elsewhere, tmp_path):
    here, there = place(tmp_path, "here"), place(tmp_path, "there")
    file = tmp_path / "city.backup"
    inhabited(database, here, tmp_path)
    backup(database, here, file)
    whole = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        at = archive.getinfo("database.dump").header_offset + 5_000
    harmed = [whole[: len(whole) // 2], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], b""]
    for bytes_ in harmed:
        file.write_bytes(bytes_)
        with pytest.raises(Rejected, match=r"damaged|breaks off"):
            restore(elsewhere, there, file, author="bob")
    file.write_bytes(whole)
    with zipfile.ZipFile(file) as sound, zipfile.ZipFile(tmp_path / "evil.backup", "w") as evil:
        manifest = json.loads(sound.read("manifest.json"))
        manifest["files"] = {"rasters/../../evil": {"size": 0, "digest": ""}}
        evil.writestr("manifest.json", json.dumps(manifest))
    with pytest.raises(Rejected, match="belongs nowhere"):
        restore(elsewhere, there, tmp_path / "evil.backup", author="bob")
    with pytest.raises(NotFound):
        read_frame(elsewhere, "plots", AsOf(), OWNER)
    assert not there.data_dir.exists()


def test_a_restore_that_breaks_off_leaves_the_old_city_whole(database, elsewhere, tmp_path):
    here, there = place(tmp_path, "here"), place(tmp_path, "there")
    file, spoilt = tmp_path / "city.backup", tmp_path / "spoilt.backup"
    inhabited(database, here, tmp_path)
    backup(database, here, file)
    moments = inhabited(elsewhere, there, tmp_path)
    was = told(elsewhere, there, moments)
    with zipfile.ZipFile(file) as sound, zipfile.ZipFile(spoilt, "w") as broken:
        manifest = json.loads(sound.read("manifest.json"))
        for name in manifest["files"]:
            content = sound.read(name)
            if name == "database.dump":  # its digest fits, and yet it breaks off
                content = content[: len(content) * 4 // 5]
                manifest["files"][name] = {
                    "size": len(content),
                    "digest": copied(io.BytesIO(content))[1],
                }
            broken.writestr(name, content)
        broken.writestr("manifest.json", json.dumps(manifest))
    with pytest.raises(Unavailable, match="the restore broke off"):
        restore(elsewhere, there, spoilt, author="bob", replace=True)
    assert told(elsewhere, there, moments) == was
    with edit(elsewhere, "plots", author="ada") as editor:  # and it can be worked on
        editor.update(1, {"code": "0101"})


PASSWORD = r"it's: a \ secret"
ROLES = """
CREATE ROLE builder LOGIN CREATEROLE PASSWORD {0};
CREATE ROLE heir LOGIN PASSWORD {0};
CREATE ROLE stranger LOGIN PASSWORD {0}
"""


@pytest.fixture(scope="module")
def outside() -> Iterator[Cluster]:
    """Somebody else's server on a TCP port, with ordinary roles and databases with PostGIS."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = Path(tempfile.mkdtemp(prefix="citytwin-outside-"))
    home.chmod(0o711)
    listening = FAST | {"listen_addresses": "127.0.0.1", "port": str(port)}
    with Cluster.open(home, settings=listening) as running:
        with (home / "postgres" / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 127.0.0.1/32 scram-sha-256\n")
        with psycopg.connect(running.conninfo_for("postgres"), autocommit=True) as pg:
            pg.execute("SELECT pg_reload_conf()")
            pg.execute(sql.SQL(ROLES).format(PASSWORD))
            for name, owner in (("city", "builder"), ("empty", "builder"), ("second", "heir")):
                pg.execute(f"CREATE DATABASE {name} OWNER {owner}")
        for name in ("city", "second"):
            with psycopg.connect(running.conninfo_for(name), autocommit=True) as pg:
                pg.execute("CREATE EXTENSION postgis")
        yield running
    shutil.rmtree(home, ignore_errors=True)


def over_tcp(cluster, name, role="builder", password=PASSWORD):
    port = psycopg.conninfo.conninfo_to_dict(cluster.conninfo)["port"]
    return f"postgresql://{role}:{quote(password, safe='')}@127.0.0.1:{port}/{name}"


def test_a_city_moves_to_a_server_over_the_network_and_back(database, elsewhere, outside, tmp_path):
    here, file = place(tmp_path, "here"), tmp_path / "city.backup"
    moments = inhabited(database, here, tmp_path)
    was = told(database, here, moments)
    backup(database, here, file)
    there = settings({}, data_dir=tmp_path / "there", database_url=over_tcp(outside, "city"))
    with psycopg.connect(outside.conninfo_for("city"), autocommit=True) as pg:
        pg.execute("CREATE SCHEMA neighbour; CREATE TABLE neighbour.own AS SELECT 1 AS one")
    with open_city(there) as (city, _):
        restore(city, there, file, author="bob")
        assert told(city, there, moments) == was
        with edit(city, "plots", author="bob") as editor:
            assert editor.insert({"code": "new"}, SQUARE, 4549) == 4
        restore(city, there, file, author="bob", replace=True)
        assert told(city, there, moments) == was
        backup(city, there, file)
    with psycopg.connect(outside.conninfo_for("city")) as pg:
        assert pg.execute("SELECT one FROM neighbour.own").fetchone() == (1,)
        ours = pg.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'builder'").fetchone()
        assert ours == (False,)
    back = place(tmp_path, "back")
    restore(elsewhere, back, file, author="bob")
    assert told(elsewhere, back, moments) == was
    with elsewhere.begin() as tx:
        assert tx.pg.execute("SELECT to_regnamespace('neighbour')").fetchone() == (None,)


def opened(url, tmp_path):
    with open_city(settings({}, data_dir=tmp_path, database_url=url)) as (city, _):
        assert city


def test_lacking_rights_are_named(outside, tmp_path):
    opened(over_tcp(outside, "city"), tmp_path)  # makes the three roles, if nobody has yet
    for url, word in (
        (over_tcp(outside, "empty"), "CREATE EXTENSION postgis"),
        (over_tcp(outside, "second", "stranger"), "it owns the database"),
        (over_tcp(outside, "second", "heir"), "may create roles or is a member"),
        (over_tcp(outside, "city", password="guess"), "authentication failed"),
        (over_tcp(outside, "nowhere"), "does not exist"),
    ):
        with pytest.raises(Misconfigured, match=word) as refusal:
            opened(url, tmp_path)
        assert "\n" not in str(refusal.value)
        assert "guess" not in str(refusal.value)
    with psycopg.connect(outside.conninfo_for("second"), autocommit=True) as pg:
        pg.execute("GRANT citytwin_public, citytwin_shared, citytwin_restricted TO heir")
    opened(over_tcp(outside, "second", "heir"), tmp_path)
