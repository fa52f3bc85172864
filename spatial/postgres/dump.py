"""The city's schemas as PostgreSQL's own dump, out of a database and back into one."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from spatial.database import Database, Pg
from spatial.errors import Misconfigured, Unavailable
from spatial.postgres import find

BEFORE = "_before_restore"
_OURS = """
SELECT nspname FROM pg_namespace n
WHERE nspowner = current_user::regrole
    AND nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_namespace'::regclass
                    AND objid = n.oid AND deptype = 'e')
ORDER BY nspname
"""


@contextmanager
def dumping(database: Database) -> Iterator[IO[bytes]]:
    """The dump of every schema of the database, as it is being made.

    Raises Unavailable, with PostgreSQL's own word, where it breaks off.
    """
    with database.begin() as tx:
        wanted = [f"--schema={name}" for name in schemas(tx.pg)]
        program = _program(tx.pg, "pg_dump")
    with TemporaryFile() as words, _target(database) as target:
        running = subprocess.Popen(
            [
                *(program, "--format=custom", "--compress=3", "--no-owner"),
                *(*wanted, *target),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
        )
        assert running.stdout is not None
        try:
            yield running.stdout
            _require(running.wait(), words, "the backup")
        finally:
            running.kill()
            running.wait()
            running.stdout.close()


def restore(database: Database, dump: IO[bytes]) -> None:
    """Put a dump in the place of the schemas that are there: all of it, or nothing.

    Raises Unavailable, with PostgreSQL's own word, where it cannot be restored.
    """
    with database.begin() as tx:
        program = _program(tx.pg, "pg_restore")
        there = schemas(tx.pg)
        _rename(tx.pg, there, {name: name + BEFORE for name in there})
    try:
        with TemporaryFile() as words, _target(database) as target:
            running = subprocess.Popen(
                [program, "--no-owner", "--single-transaction", *target],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=words,
            )
            assert running.stdin is not None
            try:
                shutil.copyfileobj(dump, running.stdin)
                running.stdin.close()
            except BrokenPipeError:
                pass
            _require(running.wait(), words, "the restore")
    except BaseException:
        with database.begin() as tx:
            _rename(tx.pg, there, {name + BEFORE: name for name in there})
        raise
    with database.begin() as tx:
        for name in there:
            tx.pg.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name + BEFORE)))


def schemas(pg: Pg) -> list[str]:
    """The role's own schemas that are neither PostgreSQL's, nor PostGIS's, nor everybody's.

    Raises Misconfigured where the city's are another role's.
    """
    found = [str(name) for (name,) in pg.execute(_OURS).fetchall()]
    if "city" not in found:
        raise Misconfigured(
            f"the schema city does not belong to the role '{pg.info.user}': connect as its owner"
        )
    return found


def _rename(pg: Pg, names: list[str], to: dict[str, str]) -> None:
    for old, new in to.items():
        pg.execute(
            sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
        )


def _program(pg: Pg, name: str) -> Path:
    """The program of the server's own version, else of the nearest newer one."""
    major = pg.info.server_version // 10_000
    found = [(one.version[0], one.bin / name) for one in find.installations()]
    if on_path := shutil.which(name):
        said = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=False)
        version = re.search(r"\d+", said.stdout)
        found.append((int(version[0]) if version else 0, Path(on_path)))
    fit = sorted(one for one in found if one[0] >= major and one[1].exists())
    if not fit:
        raise Misconfigured(
            f"the database is PostgreSQL {major}, and there is no {name} of that version here:"
            f" install its client programs (postgresql-client-{major})"
        )
    return fit[0][1]


@contextmanager
def _target(database: Database) -> Iterator[list[str]]:
    """The words that name the database; a password among them could be read by everybody."""
    password = conninfo_to_dict(database.conninfo).get("password")
    with NamedTemporaryFile("w", prefix="citytwin-", encoding="utf-8") as known:
        plain = make_conninfo(database.conninfo, password=None)
        if password is not None:
            escaped = re.sub(r"([\\:])", r"\\\1", str(password))
            known.write(f"*:*:*:*:{escaped}\n")
            known.flush()
            plain = make_conninfo(plain, passfile=known.name)
        yield ["--dbname", plain]


def _require(code: int, words: IO[bytes], what: str) -> None:
    if code:
        words.seek(0)
        lines = words.read().decode(errors="replace").strip().splitlines()
        said = next((line for line in lines if "error" in line), lines[0] if lines else "no word")
        raise Unavailable(f"{what} broke off: {said}")
