"""Every proof that a page of docs/acceptance names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs" / "acceptance").glob("*.md"))
PROOF = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_line_names_tests_that_exist(page):
    lines = [line for line in page.read_text().splitlines() if line.startswith("| ") and "What" not in line]
    assert len(lines) > 10
    for line in lines:
        proofs = PROOF.findall(line)
        assert proofs, f"no proof: {line}"
        for file, name in proofs:
            source = (ROOT / file).read_text()
            assert f"def {name}(" in source if name else "def test_" in source, f"{file}::{name}"
