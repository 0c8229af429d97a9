"""LibreOffice, for tests that let it open what we write. Only where it is installed: ``make office``."""

import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAM = shutil.which("soffice") or shutil.which("libreoffice")
NEEDED = [
    pytest.mark.skipif(PROGRAM is None, reason="LibreOffice is not installed; `make office` installs it"),
    pytest.mark.timeout(600),
]
"""Marks of such tests."""
TO_XLSX = "xlsx:Calc MS Excel 2007 XML"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """office(file, format, options…) → what LibreOffice makes of it, in a profile of its own."""
    profile = tmp_path_factory.mktemp("profile").as_uri()

    def convert(source: Path, target: str, *more: str) -> list[Path]:
        out = source.parent / "converted"
        command = [
            str(PROGRAM), f"-env:UserInstallation={profile}", "--headless", "--norestore",
            *more, "--convert-to", target, "--outdir", str(out), str(source),
        ]  # fmt: skip
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300, check=False)
        assert result.returncode == 0, result.stderr
        made = sorted(out.iterdir()) if out.exists() else []
        assert made, f"LibreOffice refused the file: {result.stdout} {result.stderr}"
        return made

    return convert
