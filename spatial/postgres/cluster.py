"""The private cluster as our processes see it: opened, shared, and stopped by the last."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from spatial.errors import Misconfigured, Unavailable
from spatial.postgres import settings as server_settings
from spatial.postgres.account import Account
from spatial.postgres.lock import FileLock, exclusive
from spatial.postgres.place import default_socket_dir, prepare_data_dir, prepare_socket_dir
from spatial.postgres.server import PATIENCE, Server

DATABASE = "citytwin"


class Cluster:
    """A running cluster, held by this process until `close`; others may hold it too.

    `conninfo` is libpq's, of the database that has PostGIS.
    """

    def __init__(self, data_dir: Path, server: Server, socket_dir: Path, hold: FileLock) -> None:
        self.data_dir = data_dir
        self._server = server
        self._socket_dir = socket_dir
        self._port = server.port
        self._hold: FileLock | None = hold

    @classmethod
    def open(
        cls,
        data_dir: Path,
        socket_dir: Path | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> Self:
        """Join the data directory's cluster, making and starting it at need.

        `socket_dir` and `settings` (of postgresql.conf) count for a start, not for a joining.
        Raises Misconfigured when the machine lacks something, Unavailable when it won't start.
        """
        data_dir = data_dir.absolute()
        account = _account(data_dir)
        server = Server(prepare_data_dir(data_dir, account), account)
        socket_dir = (socket_dir or default_socket_dir(data_dir)).absolute()
        with exclusive(_start_lock(data_dir)):
            hold = FileLock.shared(data_dir / "postgres.held")
            try:
                server.make(sync=settings.get("fsync") != "off")
                if not server.socket_dir():
                    prepare_socket_dir(socket_dir, account)
                server.start(socket_dir, settings)
                cluster = cls(data_dir, server, server.socket_dir() or socket_dir, hold)
                cluster._prepare_database()
            except BaseException:
                hold.release()
                raise
        return cluster

    @property
    def conninfo(self) -> str:
        return self.conninfo_for(DATABASE)

    def conninfo_for(self, dbname: str) -> str:
        """How to reach another database of this cluster."""
        return make_conninfo(
            host=str(self._socket_dir),
            port=self._port,
            user=server_settings.SUPERUSER,
            dbname=dbname,
        )

    def close(self) -> None:
        """Let go; the last to do so stops the server. A second call does nothing."""
        if self._hold is None:
            return
        with exclusive(_start_lock(self.data_dir)):
            hold, self._hold = self._hold, None
            if hold.release():
                self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare_database(self) -> None:
        """Make what is missing: a kill between two of these steps is mended by the next open."""
        with self._connect("postgres") as connection:
            query = "SELECT FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        with self._connect(DATABASE) as connection:
            query = "SELECT FROM pg_extension WHERE extname = 'postgis'"
            if connection.execute(query).fetchone() is None:
                connection.execute("CREATE EXTENSION postgis")

    def _connect(self, dbname: str) -> psycopg.Connection:
        """Waits out a restart: after the kill of one backend the server renews all of them."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return psycopg.connect(self.conninfo_for(dbname), autocommit=True)
            except psycopg.OperationalError as error:
                if "authentication failed" in str(error):
                    raise Misconfigured(
                        f"The city in {self.data_dir} was started by another user. "
                        "Run as that user or as root, or choose another data directory."
                    ) from error
                if time.monotonic() > deadline:
                    raise Unavailable("PostgreSQL runs but takes no connections.") from error
                time.sleep(0.1)


def running(data_dir: Path) -> bool:
    """Whether the data directory's server runs, whoever started it."""
    server = _existing(data_dir)
    return server is not None and server.socket_dir() is not None


def stop(data_dir: Path) -> bool:
    """Stop the data directory's server, whoever holds it; true if it was running."""
    server = _existing(data_dir)
    if server is None:
        return False
    with exclusive(_start_lock(data_dir)):
        return server.stop()


def _existing(data_dir: Path) -> Server | None:
    home = data_dir.absolute() / "postgres"
    return Server(home, _account(data_dir)) if home.is_dir() else None


def _account(data_dir: Path) -> Account:
    """Whose cluster it is, or will be. Raises Misconfigured when it is not for this user."""
    home = data_dir / "postgres"
    try:
        owner = home.stat().st_uid
    except FileNotFoundError:
        return Account.for_new_cluster()
    except PermissionError:
        raise Misconfigured(
            f"This user may not enter {data_dir}. Choose another data directory."
        ) from None
    if os.geteuid() == 0:
        # A home still root's own was made by a start that died before handing it over.
        return Account.for_new_cluster() if owner == 0 else Account.of(owner)
    if owner != os.geteuid():
        raise Misconfigured(
            f"The city in {data_dir} belongs to the user {Account.of(owner).name}. "
            "Run as that user or as root, or choose another data directory."
        )
    return Account.current()


def _start_lock(data_dir: Path) -> Path:
    return data_dir / "postgres.start"
