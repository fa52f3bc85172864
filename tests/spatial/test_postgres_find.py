"""Which PostgreSQL is taken, how one is got, where the city goes, and what the server is told."""

import os
from pathlib import Path

import pytest

from spatial.errors import Misconfigured
from spatial.postgres import best, default_data_dir, installations
from spatial.postgres.mend import command_for
from spatial.postgres.settings import configuration


def test_default_data_dir() -> None:
    if os.geteuid() == 0:
        assert default_data_dir({"HOME": "/root"}) == Path("/var/lib/citytwin")
    else:
        assert default_data_dir({"XDG_DATA_HOME": "/x"}) == Path("/x/citytwin")
        assert default_data_dir({"HOME": "/h"}) == Path("/h/.local/share/citytwin")


def test_installations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert best().usable
    assert best() == installations()[0]
    monkeypatch.setattr("spatial.postgres.find._PLACES", ())
    for program in ("initdb", "pg_ctl", "postgres"):
        (tmp_path / program).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9 (Ubuntu)'\n")
        (tmp_path / program).chmod(0o755)
    (old,) = installations(str(tmp_path))
    assert (old.version, old.usable) == ((14, 9), False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nonexistent")
    with pytest.raises(Misconfigured, match=r"found PostgreSQL 14\.9 .*Install it with: "):
        best()
    assert installations("/nonexistent") == []


def test_mends() -> None:
    bookworm = "ID=debian\nVERSION_CODENAME=bookworm\n"
    jammy = "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=jammy\n"
    assert command_for("linux", bookworm, conda=False).endswith("postgresql-postgis")
    assert "postgresql-15-postgis-3" in command_for("linux", bookworm, conda=False, major=15)
    assert "postgresql-17-postgis-3" in command_for("linux", jammy, conda=False)
    assert command_for("linux", bookworm, conda=True).startswith("conda install -c conda-forge")
    assert command_for("darwin", "", conda=False).startswith("brew install")


def test_settings_are_quoted() -> None:
    text = configuration(Path("/tmp/a'b"), {"x": "it's"})
    assert "unix_socket_directories = '\"/tmp/a''b\"'" in text
    assert text.endswith("x = 'it''s'\n")
