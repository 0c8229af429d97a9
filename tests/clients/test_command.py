"""The command ``exportcenter`` as people and scripts run it, against a real server."""

import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest

from tests import documents
from tests.clients.conftest import SOURCE, command_of
from tests.clients.proxy import Rule
from tests.exports_helpers import ROOT
from tests.world import PASSWORD

pytestmark = pytest.mark.processes


def test_ask_wait_and_download_in_one_line(center, tmp_path):
    done = center.command(
        "exports", "create", "orders", "--filter", "status=completed", "--filter", "start=2020-01-01",
        "--columns", "order_no,status", "--format", "xlsx", "--option", "raw=true", "--wait", "--download", ".",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.iterdir()
    assert file.suffix == ".xlsx"
    assert file.read_bytes()[:2] == b"PK"
    assert done.stdout == f"Saved: {file.name}\n"
    assert "ready 100%" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout  # no terminal, no colours or bars


def test_json_everywhere_and_no_link_in_it(center, tmp_path):
    words = ("--columns", "order_no", "--filter", "status=completed")
    made = json.loads(center.command("exports", "create", "orders", *words, "--json", cwd=tmp_path).stdout)
    job = made["job_id"]
    waited = json.loads(center.command("exports", "wait", job, "--json", cwd=tmp_path).stdout)
    shown = json.loads(center.command("--json", "exports", "show", job, cwd=tmp_path).stdout)
    listed = [
        json.loads(line)
        for line in center.command("exports", "list", "--limit", "3", "--json", cwd=tmp_path).stdout.splitlines()
    ]
    logged = center.command("exports", "logs", job, "--follow", "--json", cwd=tmp_path).stdout.splitlines()
    got = json.loads(center.command("exports", "download", job, "--json", cwd=tmp_path).stdout)
    estimate = json.loads(center.command("estimate", "orders", "--exact", "--json", cwd=tmp_path).stdout)
    assert (waited["status"], shown["status"], listed[0]["job_id"]) == ("ready", "ready", job)
    assert "download_url" not in shown
    assert len(listed) <= 3
    assert all(json.loads(line)["text"] for line in logged)
    assert got["sha256"] == shown["sha256"]
    assert os.path.exists(tmp_path / got["paths"][0])
    assert estimate["exact"] is True


def test_tables_for_people_and_chinese(center, tmp_path):
    job = center.exports.make("finance", status="ready").job_no
    failed = center.exports.make("finance", status="failed").job_no
    chinese = {"LANG": "zh_CN.UTF-8"}
    listed = center.command("exports", "list", cwd=tmp_path, environment=chinese).stdout
    assert re.search(rf"^{job}  已就绪", listed, flags=re.MULTILINE)
    refused = center.command("exports", "cancel", job, cwd=tmp_path, environment=chinese)
    assert refused.stderr.startswith("错误：")
    shown = center.command("exports", "show", failed, cwd=tmp_path)
    assert "EXPORT_TIMEOUT" in shown.stdout
    nothing = center.command("exports", "list", "--filter", "q=E1999", cwd=tmp_path)
    assert (nothing.returncode, nothing.stdout) == (0, "")


def test_exit_codes(center, proxy, tmp_path):
    ready = center.exports.make("finance", status="ready").job_no
    failed = center.exports.make("finance", status="failed").job_no
    expired = center.exports.make("finance", status="expired").job_no
    waiting = center.exports.make("finance", available_at="2030-01-01T00:00:00Z").job_no
    (tmp_path / "taken").write_text("x")

    def code(*words, **environment):
        return center.command(*words, cwd=tmp_path, environment=environment).returncode

    assert code("exports", "show", ready) == 0
    assert code("exports", "wait", failed) == 1
    assert code("exports", "download", failed) == 1
    assert code("exports") == 2
    assert code("exports", "create", "orders", "--filter", "colour=red") == 2
    assert code("exports", "create", "orders", "--filter", "colour") == 2
    assert code("exports", "show", "../x") == 2
    assert code("exports", "list", EXPORTCENTER_PASSWORD="") == 2
    assert code("exports", "accelerate", waiting) == 3
    assert code("exports", "list", EXPORTCENTER_TOKEN="ec_wrong") == 3
    assert code("exports", "show", "E20200101001") == 4
    assert code("exports", "download", expired) == 4
    assert code("exports", "cancel", ready) == 5
    assert code("exports", "download", ready, "--to", "taken") == 5
    assert code("exports", "download", waiting) == 5
    assert code("exports", "list", EXPORTCENTER_URL="http://127.0.0.1:1") == 6
    proxy.rules = [Rule("/download", times=9, change=lambda body: body[:-1] + b"X")]
    assert code("exports", "download", ready, EXPORTCENTER_URL=proxy.address) == 7
    proxy.rules = [Rule("GET /api/v1/exports/", status=500)]
    assert code("exports", "show", ready, EXPORTCENTER_URL=proxy.address) == 8
    assert code("exports", "wait", waiting, "--timeout", "0.5") == 9
    assert code("exports", "cancel", waiting) == 0
    assert code("exports", "retry", failed) == 0


def test_signing_in_for_the_commands_that_follow(center, tmp_path):
    home = {"EXPORTCENTER_URL": "", "EXPORTCENTER_USERNAME": "", "EXPORTCENTER_PASSWORD": "", "HOME": str(tmp_path)}
    words = ("login", "--username", "finance", "--url", center.web.address, "--stdin")
    signed = center.command(*words, cwd=tmp_path, environment=home, input=f"{PASSWORD}\n")
    assert signed.returncode == 0, signed.stderr
    config = tmp_path / ".config" / "exportcenter" / "config.json"
    assert config.stat().st_mode & 0o777 == 0o600
    said = json.loads(config.read_text())
    assert set(said) == {"url", "access", "refresh"}
    assert center.command("exports", "list", cwd=tmp_path, environment=home).returncode == 0
    config.write_text(json.dumps(said | {"access": "ended"}))
    assert center.command("exports", "list", cwd=tmp_path, environment=home).returncode == 0
    assert json.loads(config.read_text())["access"] not in ("ended", said["access"])  # renewed, and kept
    config.chmod(0o644)
    loose = center.command("exports", "list", cwd=tmp_path, environment=home)
    assert loose.returncode == 2
    assert "chmod 600" in loose.stderr
    assert said["refresh"] not in loose.stderr
    config.chmod(0o600)
    assert center.command("logout", cwd=tmp_path, environment=home).returncode == 0
    assert not config.exists()
    assert center.command("exports", "list", cwd=tmp_path, environment=home).returncode == 2
    wrong = center.command(*words, cwd=tmp_path, environment=home, input="nonsense\n")
    assert wrong.returncode == 3
    assert not config.exists()


def test_a_bar_on_a_terminal(center, tmp_path):
    job = center.exports.make("finance", status="ready").job_no
    master, slave = pty.openpty()
    words = command_of(("exports", "download", job))
    with subprocess.Popen(
        words, cwd=tmp_path, env=center.environment(), stdout=subprocess.PIPE, stderr=slave
    ) as process:
        assert process.wait(60) == 0
        os.close(slave)
        drawn = os.read(master, 65536).decode()
        os.close(master)
        said = process.stdout.read().decode()
    assert "[########################]" in drawn
    assert drawn.endswith("\r\x1b[K")
    assert said.startswith("Saved: ")


def test_ctrl_c_while_waiting(center, tmp_path):
    job = center.exports.make("finance", available_at="2030-01-01T00:00:00Z").job_no
    words = command_of(("exports", "wait", job))
    with subprocess.Popen(words, cwd=tmp_path, env=center.environment(), stderr=subprocess.PIPE, text=True) as process:
        assert job in process.stderr.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]
    assert process.returncode == 130
    assert f"exportcenter exports wait {job}" in said
    assert center.command("exports", "cancel", job, cwd=tmp_path).returncode == 0


def test_what_reads_no_more_is_no_error(center, tmp_path):
    for _ in range(3):
        center.exports.make("finance", status="canceled")
    words = " ".join(command_of(("exports", "list", "--json", "--limit", "0")))
    env = center.environment()
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{words} | head -n 1 >/dev/null"],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr


def test_help_tells_the_exit_codes():
    done = subprocess.run(
        command_of(("--help",)), env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=True
    )
    assert "exit codes:" in done.stdout
    assert "130  interrupted" in done.stdout


@pytest.mark.timeout(400)
def test_the_readme_from_nothing_to_a_verified_file(center, proxy, tmp_path):
    """A fresh environment, the lines of clients/python/README.md as they stand, and a line slow enough to kill."""
    (story,) = documents.blocks("../clients/python/README.md", "bash")
    text = story.text.replace("http://127.0.0.1:8000", proxy.address).replace("./clients", str(ROOT / "clients"))
    file = r"GET /api/v1/exports/E\d+/download"
    proxy.rules = [Rule(file, pause=0.5)]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "en_US.UTF-8"}
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", text],
        cwd=tmp_path, env=env, input=f"{PASSWORD}\n", capture_output=True, text=True, timeout=380, check=False,
    )  # fmt: skip
    if done.returncode and re.search(r"(?i)pip.*(connection|timed? ?out|resolve|no matching)", done.stderr, re.DOTALL):
        pytest.skip(f"no package registry: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed half-way" in done.stdout
    assert done.stdout.endswith("orders.csv: OK\nSigned out.\n")
    first, second = (one for one in proxy.seen if re.search(file, one.line))
    assert (first.status, second.status) == (200, 206)
    start = int(re.fullmatch(r"bytes=(\d+)-", second.headers["range"])[1])
    assert 0 < start < (tmp_path / "orders.csv").stat().st_size
    assert sorted(path.name for path in tmp_path.glob("orders*")) == ["orders.csv"]
    assert [one.status for one in proxy.seen if one.line.endswith("/auth/logout")] == [204]
    typed = "from importlib.resources import files; print((files('exportcenter_client') / 'py.typed').is_file())"
    assert subprocess.check_output([tmp_path / "env" / "bin" / "python", "-c", typed], text=True).strip() == "True"
