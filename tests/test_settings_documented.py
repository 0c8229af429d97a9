"""docs/settings.md lists exactly the environment settings that the code reads."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = ROOT / "exportcenter"
READERS = dict.fromkeys((CODE / "settings").glob("*.py"), "env.") | {CODE / "environment.py": "os.environ.get"}


def names_read():
    """First arguments of env.str("…"), env.int("…") and so on, and of os.environ.get("…")."""
    found = set()
    for file, call in READERS.items():
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(call):
                assert isinstance(node.args[0], ast.Constant), ast.unparse(node)
                found.add(node.args[0].value)
    return found


def names_documented():
    return re.findall(r"^\| `([A-Z0-9_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), flags=re.MULTILINE)


def test_every_setting_is_documented_and_every_documented_setting_exists():
    assert set(names_documented()) == names_read()
    assert len(names_read()) > 20


def test_no_setting_is_documented_twice():
    assert len(names_documented()) == len(set(names_documented()))
