"""docs/walk.md works as printed: its blocks run in one bash session against a real server and worker."""

import re
import subprocess

import pytest

from accounts import demo
from jobs.records.demo import fill
from tests import documents
from tests.exports_helpers import Web
from tests.processes import Processes
from tests.world import PASSWORD

ORDERS = 5_000

pytestmark = pytest.mark.processes


def blocks(name: str) -> list[str]:
    """The bash blocks of a document, in order."""
    return [block.text for block in documents.blocks(name, "bash")]


@pytest.fixture
def demo_finance(live):
    """The person of the walk with the demo's password, and orders to export."""
    _set_password(live, demo.DEMO_PASSWORD)
    with live.scope("platform"):
        fill(orders=ORDERS, seed=7)
    yield
    _set_password(live, PASSWORD)


def _set_password(live, password: str) -> None:
    with live.scope("finance"):
        user = live.user("finance")
        user.set_password(password)
        user.save(update_fields=["password"])


@pytest.fixture
def web(demo_finance, tmp_path):
    server = Web(tmp_path)
    yield server
    server.close()


@pytest.fixture
def worker(demo_finance, tmp_path):
    processes = Processes(tmp_path)
    yield processes.worker(queues="exports,bells", ENGINE_TIME_SCALE="1")
    processes.close()


def test_the_walk_works_as_printed(web, worker, tmp_path):
    script = "\n".join(blocks("walk.md")).replace("http://127.0.0.1:8000", web.address)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "NO_PROXY": "*", "LANG": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stdout + done.stderr + web.log.read_text()
    lines = done.stdout.splitlines()
    job = re.fullmatch(r"job (E\d{11,})", lines[0])[1]
    assert '"code":"INVALID_PARAMETERS"' in lines[1]
    assert '"params.colour"' in lines[1]
    assert '    "status": "ready",' in lines
    size = (tmp_path / "orders.csv").stat().st_size
    assert size > 100_000
    part = lines.index("20000")
    assert lines[part + 1 : part + 5] == [str(size), "orders.csv: OK", job, "409"]
    assert lines[part + 5 : part + 7] == ['{"ok":true}', "canceled"]
    assert any(line.startswith(f"{job} {size} 订单_{job}.csv") for line in lines[part + 7 :])
    rows = (tmp_path / "orders.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows[0].split(",")) == 5


def test_the_address_of_the_walk_is_the_default_one():
    assert blocks("walk.md")[0].startswith("BASE=http://127.0.0.1:8000/api/v1\n")
    assert len(blocks("walk.md")) == 9
