"""The documents that jobs made, kept beside them in the database and gone with them."""

from uuid import UUID

from spatial.analyses.run import NewFile
from spatial.database import Pg
from spatial.errors import NotFound, TooLarge

MOST = 64 * 2**20


def keep(pg: Pg, job: UUID, key: str, file: NewFile) -> None:
    """Store an output of a job; raises TooLarge for more than 64 MiB."""
    if len(file.content) > MOST:
        raise TooLarge(f"the document '{file.name}' would be over {MOST >> 20} MiB")
    pg.execute(
        "INSERT INTO city.job_file (job, key, name, media_type, title_zh, title_en, content)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [job, key, file.name, file.media_type, file.title_zh, file.title_en, file.content],
    )


def find(pg: Pg, job: UUID, key: str) -> NewFile:
    """A document of a job, which the caller has found visible; raises NotFound."""
    row = pg.execute(
        "SELECT name, content, media_type, title_zh, title_en FROM city.job_file"
        " WHERE job = %s AND key = %s",
        [job, key],
    ).fetchone()
    if row is None:
        raise NotFound(f"the job has no document '{key}'")
    return NewFile(*row)


def kinds(pg: Pg, job: UUID) -> dict[str, str]:
    """The media type of each document of a job."""
    rows = pg.execute("SELECT key, media_type FROM city.job_file WHERE job = %s", [job])
    return dict(rows.fetchall())
