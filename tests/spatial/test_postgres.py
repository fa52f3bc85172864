"""The embedded cluster, with real servers: shared, killed, recovered, in awkward places."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from spatial.errors import Misconfigured, Unavailable
from spatial.postgres import Cluster, running, stop
from spatial.postgres.account import Account
from spatial.postgres.place import default_socket_dir

FAST = {"fsync": "off"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

HOLDER = """
import sys, time
from pathlib import Path
from spatial.postgres import Cluster
with Cluster.open(Path(sys.argv[1]), settings={"fsync": "off"}):
    print("open", flush=True)
    sys.stdin.readline()
print("closed", flush=True)
"""


@contextmanager
def enterable_directory() -> Iterator[Path]:
    """One that the server's user can enter (pytest's own is closed to all but root)."""
    directory = Path(tempfile.mkdtemp(prefix="citytwin-test-"))
    directory.chmod(0o711)
    yield directory
    for home in directory.rglob("postgres"):
        stop(home.parent)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def scratch() -> Iterator[Path]:
    """An empty directory."""
    with enterable_directory() as directory:
        yield directory


@pytest.fixture(scope="module")
def pattern() -> Iterator[Path]:
    """A data directory with a cluster at rest, to copy."""
    with enterable_directory() as directory:
        with Cluster.open(directory, settings=FAST) as cluster:
            keep(cluster)
        yield directory


@pytest.fixture
def city(pattern: Path) -> Iterator[Path]:
    """A data directory with a cluster at rest, which has a table `kept` of one row."""
    with enterable_directory() as directory:
        subprocess.run(["cp", "-a", pattern / "postgres", directory], check=True)
        yield directory


@pytest.fixture
def hold() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Starts another process that holds the cluster until it reads a line."""
    started: list[subprocess.Popen[str]] = []

    def start(data_dir: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, data_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def ask(cluster: Cluster, query: str) -> str:
    with psycopg.connect(cluster.conninfo, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row
    return str(row[0])


def keep(cluster: Cluster) -> None:
    with psycopg.connect(cluster.conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1")


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres/data/postmaster.pid").read_text().split("\n")[0])


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_life_of_a_cluster(scratch: Path) -> None:
    with Cluster.open(scratch, settings=FAST) as cluster:
        assert running(scratch)
        assert ask(cluster, "SELECT ST_AsText(ST_Point(120.3, 31.5))") == "POINT(120.3 31.5)"
        assert ask(cluster, "SHOW server_encoding") == "UTF8"
        assert ask(cluster, "SHOW listen_addresses") == ""
        assert ask(cluster, "SHOW fsync") == "off"
        assert ask(cluster, "SHOW timezone") == "GMT"
        assert ask(cluster, "SHOW data_directory") == str(scratch / "postgres/data")
        locale = ask(cluster, "SELECT datcollate FROM pg_database WHERE datname = 'citytwin'")
        assert locale in ("C.UTF-8", "C")
        keep(cluster)
        hba = "SELECT string_agg(auth_method, ',') FROM pg_hba_file_rules"
        assert ask(cluster, hba) == "peer"

        links = Path(f"/proc/{postmaster(scratch)}/fd").iterdir()
        assert not [link for link in map(os.readlink, links) if link.endswith(".held")]

        began = time.monotonic()
        with Cluster.open(scratch, settings=FAST) as second:
            assert time.monotonic() - began < 1
            assert second.conninfo == cluster.conninfo
        assert running(scratch), "one holder is left"
        assert "dbname=postgres" in cluster.conninfo_for("postgres")
    cluster.close()
    assert not running(scratch)
    assert not default_socket_dir(scratch).exists()
    with Cluster.open(scratch, settings=FAST) as cluster:
        assert ask(cluster, "SELECT count(*) FROM kept") == "1"
    assert not stop(scratch)


def test_durable_unless_told_otherwise(city: Path) -> None:
    with Cluster.open(city) as cluster:
        for guard in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ask(cluster, f"SHOW {guard}") == "on"


def test_a_persons_own_settings_are_kept(city: Path) -> None:
    (city / "postgres/data/local.conf").write_text("work_mem = '77MB'\n")
    with Cluster.open(city, settings={"application_name": "it's", **FAST}) as cluster:
        assert ask(cluster, "SHOW work_mem") == "77MB"


@pytest.mark.parametrize("name", ["a b'c$d\"e", "无锡市/高新区", "长" * 60 + "/" + "long" * 40])
def test_awkward_paths(scratch: Path, name: str) -> None:
    with Cluster.open(scratch / name, settings=FAST) as cluster:
        assert ask(cluster, "SHOW data_directory") == str(scratch / name / "postgres/data")
    assert not running(scratch / name)


def test_the_callers_locale_does_not_matter(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.GB18030")
    monkeypatch.setenv("PROJ_DATA", "/nowhere")
    with Cluster.open(scratch, settings=FAST) as cluster:
        assert ask(cluster, "SELECT upper('é') || '市'") in ("É市", "é市")
        assert ask(cluster, "SELECT ST_SRID(ST_Transform('SRID=4490;POINT(120 31)', 4528))") == (
            "4528"
        )


def test_two_processes_share(city: Path, hold: Callable[[Path], subprocess.Popen[str]]) -> None:
    other = hold(city)
    with Cluster.open(city, settings=FAST):
        pass
    assert running(city), "the other still holds it"
    other.communicate("\n")
    assert not running(city), "the last one stopped it"


def test_many_open_and_close_at_once(city: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, city],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(4)
    ]
    assert [process.communicate()[0] for process in processes] == ["open\nclosed\n"] * 4
    assert not running(city)


def test_kill_9_of_the_server(city: Path) -> None:
    with Cluster.open(city, settings=FAST) as cluster:
        busy = psycopg.connect(cluster.conninfo, autocommit=True)
        pid = busy.info.backend_pid
        # A backend in the middle of a computation notices its server's death only afterwards.
        busy.pgconn.send_query(
            b"DO $$ DECLARE t timestamptz := clock_timestamp() + interval '2 s'; BEGIN"
            b" WHILE clock_timestamp() < t LOOP END LOOP; END $$"
        )
        wait_until(lambda: Path(f"/proc/{pid}").exists())
        os.kill(postmaster(city), signal.SIGKILL)
        wait_until(lambda: not running(city))
        with Cluster.open(city, settings=FAST) as again:
            assert ask(again, "SELECT count(*) FROM kept") == "1"
        busy.close()
        assert running(city), "the first holder still holds it"
    assert not running(city)


def test_kill_9_of_a_holder(city: Path, hold: Callable[[Path], subprocess.Popen[str]]) -> None:
    other = hold(city)
    before = postmaster(city)
    other.kill()
    other.wait()
    assert running(city), "the server goes on"
    with Cluster.open(city, settings=FAST):
        assert postmaster(city) == before, "joined, not started anew"
    assert not running(city)


def test_kill_9_of_a_backend(city: Path) -> None:
    with Cluster.open(city, settings=FAST) as cluster:
        with psycopg.connect(cluster.conninfo) as connection:
            os.kill(connection.info.backend_pid, signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        with Cluster.open(city, settings=FAST) as again:
            assert ask(again, "SELECT 1") == "1"


def test_a_claim_left_by_another_process(city: Path) -> None:
    with Cluster.open(city, settings=FAST):
        left = (city / "postgres/data/postmaster.pid").read_text()
    lines = left.split("\n")
    claim = city / "postgres/data/postmaster.pid"
    claim.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    status = claim.parent.stat()
    os.chown(claim, status.st_uid, status.st_gid)
    with Cluster.open(city, settings=FAST) as cluster:
        assert ask(cluster, "SELECT 1") == "1"


def test_a_making_cut_short(scratch: Path) -> None:
    half_made = scratch / "postgres/new-0123"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("15\n")
    with Cluster.open(scratch, settings=FAST) as cluster:
        assert ask(cluster, "SELECT 1") == "1"
    assert not half_made.exists()


def test_ctrl_c_of_the_starter_spares_the_server(
    city: Path, hold: Callable[[Path], subprocess.Popen[str]]
) -> None:
    other = hold(city)
    assert os.getsid(postmaster(city)) != os.getsid(other.pid)
    os.killpg(other.pid, signal.SIGINT)
    other.wait()
    with Cluster.open(city, settings=FAST):
        pass


def test_down_stops_whoever_holds(city: Path) -> None:
    with Cluster.open(city, settings=FAST):
        assert stop(city)
        assert not running(city)
        assert not stop(city)
    assert not stop(city / "nothing here")
    assert not running(city / "nothing here")


def test_a_server_that_will_not_start_says_why(city: Path) -> None:
    with pytest.raises(Unavailable, match="no_such_setting"):
        Cluster.open(city, settings={"no_such_setting": "1"})
    with Cluster.open(city, settings=FAST):
        pass


def test_a_given_socket_directory(city: Path) -> None:
    with Cluster.open(city, socket_dir=city / "s", settings=FAST) as cluster:
        assert f"host={city}/s " in cluster.conninfo
        with Cluster.open(city, settings=FAST) as joined:
            assert joined.conninfo == cluster.conninfo
    with pytest.raises(Misconfigured, match="too long"):
        Cluster.open(city, socket_dir=city / ("s" * 100), settings=FAST)
    (city / "open").mkdir(mode=0o755)
    with pytest.raises(Misconfigured, match="alone"):
        Cluster.open(city, socket_dir=city / "open", settings=FAST)


@as_root
def test_root_steps_down(scratch: Path) -> None:
    with Cluster.open(scratch, settings=FAST) as cluster:
        status = Path(f"/proc/{postmaster(scratch)}").stat()
        assert pwd.getpwuid(status.st_uid).pw_name in ("postgres", "citytwin")
        assert stat.S_IMODE((scratch / "postgres").stat().st_mode) == 0o700
        assert ask(cluster, "SELECT current_user") == "citytwin"
        stranger = Account.of(pwd.getpwnam("nobody").pw_uid)
        assert stranger.run("psql", cluster.conninfo, "-c", "SELECT 1").returncode != 0
        server_user = Account.of(status.st_uid)
        assert server_user.run("psql", cluster.conninfo, "-c", "SELECT 1").returncode == 0


@as_root
def test_an_ordinary_users_city_can_be_joined_by_root(scratch: Path) -> None:
    os.chown(scratch, *owner_ids("nobody"))
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(owner_ids("nobody")[1])
        os.setuid(owner_ids("nobody")[0])
        try:
            Cluster.open(scratch, settings=FAST)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert running(scratch)
    with Cluster.open(scratch, settings=FAST) as cluster:
        assert ask(cluster, "SELECT current_user") == "citytwin"
        assert Path(f"/proc/{postmaster(scratch)}").stat().st_uid == owner_ids("nobody")[0]


@as_root
def test_a_place_the_server_cannot_enter(scratch: Path) -> None:
    closed = scratch / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(Misconfigured, match=f"cannot enter {closed}.*chmod o\\+x"):
        Cluster.open(closed / "city", settings=FAST)


def owner_ids(name: str) -> tuple[int, int]:
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid
