"""docs/api-guide.md works as printed: the blocks of each language run in order against a real server and worker."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from accounts import demo
from tests import documents
from tests.clients.conftest import running
from tests.exports_helpers import free_port
from tests.world import PASSWORD

pytestmark = pytest.mark.processes


def script(language):
    return "\n".join(block.text for block in documents.blocks("api-guide.md", language))


@pytest.fixture(scope="module")
def center(_world, django_db_blocker, tmp_path_factory):
    limits = {"LIMIT_GENERAL_PER_MINUTE": "600"}
    with django_db_blocker.unblock(), running(_world, tmp_path_factory.mktemp("center"), limits) as built:
        yield built


@pytest.fixture
def environment(center, tmp_path):
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "exportcenter").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m exportcenter_client "$@"\n')
    (commands / "exportcenter").chmod(0o755)
    port = free_port()
    receiver = {"PORT": str(port), "WEBHOOK_URL": f"http://127.0.0.1:{port}/hook"}
    paths = {"PATH": f"{commands}:/usr/local/bin:/usr/bin:/bin", "NO_PROXY": "*"}
    return center.environment() | paths | receiver


def run(command, environment, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, work


def test_curl(center, environment, tmp_path):
    text = script("bash").replace("http://127.0.0.1:8000", center.web.address).replace(demo.DEMO_PASSWORD, PASSWORD)
    said, work = run(["bash", "-euo", "pipefail", "-c", text], environment, tmp_path)
    job = re.search(r"^job (E\d+)$", said, flags=re.MULTILINE)[1]
    assert '"params.colour"' in said
    assert "\n3000\n" in said
    assert f"{job}.csv.part: OK" in said
    assert (work / f"{job}.csv").stat().st_size > 10_000
    assert (work / "orders.csv").stat().st_size > 10_000
    assert "exports:write" in said
    assert "\none export\n" in said
    assert re.search(r"^20[01]\nsmall: ready$", said, flags=re.MULTILINE)
    assert "polled 200, then 304" in said
    assert re.search(r"^(\d+) exports$", said, flags=re.MULTILINE)[1] != "0"
    assert re.search(r'^ratelimit: "general";r=\d+;t=\d+', said, flags=re.MULTILINE | re.IGNORECASE)
    assert "'outcome': 'removed'" in said
    assert "'faulty': 1" in said
    assert (work / "to-correct.csv").read_text("utf-8-sig").count("GUIDE-2") == 1
    assert "a row is faulty, and nothing is written" in said
    assert (work / "faulty-orders.csv").read_text("utf-8-sig").count("GUIDE-6") == 1
    assert "removed: 1" in said
    assert (work / "webhook.secret").read_text().startswith("whsec_")
    assert (work / "webhook.secret").stat().st_mode & 0o777 == 0o600


def test_python(center, environment, tmp_path):
    said, work = run([sys.executable, "-c", script("python")], environment, tmp_path)
    assert "INVALID_PARAMETERS ['params.colour']" in said
    assert "\n3000\n" in said
    assert "ready 100" in said
    assert len(list(work.glob("*.csv"))) == 1
    assert "exports:write" in said
    assert "\none export\n" in said
    assert re.search(r"^small: ready (True|False)$", said, flags=re.MULTILINE)
    assert "polled: ready" in said
    assert re.search(r"^listed E\d+$", said, flags=re.MULTILINE)
    assert "\nrow 3 Amount “free” is no number" in said
    assert "\ncreated 1\nremoved 1\n" in said
    assert "tested: 204" in said
    assert "with the new secret: 204" in said
    assert said.count("webhook ping") == 2


def test_javascript(center, environment, tmp_path):
    node = shutil.which("node", path=os.environ["PATH"])
    if node is None:
        pytest.skip("no node here")
    module = tmp_path / "guide.mjs"
    module.write_text(script("javascript"))
    said, work = run([node, module], environment, tmp_path)
    assert "INVALID_PARAMETERS [ 'params.colour' ]" in said
    assert "\n3000\n" in said
    assert re.search(r"^ready \d+$", said, flags=re.MULTILINE)
    assert "\ntrue\n" in said
    assert re.search(r"^403 Bearer .*exports:write", said, flags=re.MULTILINE)
    assert "\none export\n" in said
    assert re.search(r"^small: 20[01] ready$", said, flags=re.MULTILINE)
    assert "polled ready null" in said
    assert re.search(r"^general \d+ \d+$", said, flags=re.MULTILINE)
    assert "without the secret: 400\nwebhook ping\nwith it: 204" in said
    assert (work / "from-node.csv").stat().st_size > 10_000


def test_nothing_of_the_guide_is_left_unrun():
    assert {block.language for block in documents.blocks("api-guide.md")} == {"bash", "python", "javascript"}
