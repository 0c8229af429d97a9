"""Rules of the house that a linter cannot say."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = [
    path
    for folder in ("exportcenter", "accounts", "jobs", "reports")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
STATUS_WRITERS = {"jobs/engine/lifecycle.py", "jobs/engine/queue.py"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def assigns_status(tree: ast.AST) -> list[int]:
    """Lines that set ``.status`` of something, or pass status= to update()."""
    lines = []
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        lines += [
            target.lineno
            for element in targets
            for target in (element.elts if isinstance(element, ast.Tuple) else [element])
            if isinstance(target, ast.Attribute) and target.attr == "status"
        ]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            lines += [node.lineno for keyword in node.keywords if keyword.arg == "status"]
    return lines


def test_only_the_engine_writes_status():
    found = {relative(path): lines for path in CODE if (lines := assigns_status(ast.parse(path.read_text())))}
    assert set(found) <= STATUS_WRITERS, found
    assert "jobs/engine/lifecycle.py" in found


@pytest.mark.parametrize(
    "word",
    [
        r"\.retry\(",
        r"\beta=",
        r"\bcountdown=",
        r"\brevoke\(",
        r"\bchord\(",
        r"soft_time_limit",
        r"\.delay\(",
        r"AsyncResult",
    ],
)
def test_celery_only_rings_the_bell(word):
    """No eta, countdown, retry, revoke, chord, soft limit or result: each of them loses or doubles work."""
    hits = [relative(path) for path in CODE if re.search(word, path.read_text())]
    assert hits == []


@pytest.mark.parametrize("name", ["filter", "exclude", "get", "update", "order_by", "extra", "annotate"])
def test_no_query_is_built_from_a_request_by_dict(name):
    """filter(**something) with a request's own words is how ORMs are injected."""
    hits = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name):
                continue
            for keyword in node.keywords:
                if keyword.arg is None and re.search(r"request|query|params|data|body", ast.unparse(keyword.value)):
                    hits.append(f"{relative(path)}:{node.lineno}")
    assert hits == []


def test_every_module_says_what_it_is():
    silent = [
        relative(path)
        for path in CODE
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_files_stay_short():
    long = {relative(path): count for path in CODE if (count := len(path.read_text().splitlines())) > 400}
    assert long == {}
