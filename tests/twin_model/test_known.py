"""One import registers the analyses of every floor."""

import subprocess
import sys

_PRINT = (
    "import twin_model.known; from spatial.analyses import registry; print(*registry._analyses)"
)


def test_one_import_registers_every_analysis() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _PRINT], capture_output=True, text=True, check=True
    )
    assert {"land-use-overlay", "coverage-check", "weekly-profile"} <= set(told.stdout.split())
