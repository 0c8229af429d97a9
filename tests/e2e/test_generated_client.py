"""The story of S0 §18 once more, told by a TypeScript client that knows nothing but the OpenAPI document."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.test_story import break_disk, job_of, use_up_attempts
from tests.world import PASSWORD

pytestmark = pytest.mark.processes
FOLDER = Path(__file__).resolve().parents[1] / "contracts" / "typescript"


@pytest.fixture(scope="module")
def program() -> Path:
    """The story, compiled against types that were generated just now. Skips where node or its packages are not to be
    had; what does not compile fails."""
    if shutil.which("npm") is None:
        pytest.skip("the generated client is not tried: there is no npm here")
    command = ["npm", "ci", "--no-audit", "--no-fund"]
    try:
        installed = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("the generated client is not tried: npm ci took more than 120 s")
    if installed.returncode:
        pytest.skip(f"the generated client is not tried: npm ci says {installed.stderr.strip()[-300:]}")
    shutil.rmtree(FOLDER / "build", ignore_errors=True)
    built = subprocess.run(
        ["npm", "run", "build"], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return FOLDER / "build" / "story.js"


def test_the_story_by_the_document_alone(program, live, product, spool):
    command = ["node", str(program), product, "finance", PASSWORD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as story:
        assert story.stdin is not None

        def next_chapter() -> dict[str, str]:
            assert story.stdout is not None
            line = story.stdout.readline()
            assert line, "the story broke off"
            return json.loads(line)

        def go_on() -> None:
            assert story.stdin is not None
            story.stdin.write("\n")
            story.stdin.flush()

        ready = next_chapter()
        assert ready["chapter"] == "ready"
        assert ready["downloaded"] == ready["sha256"] == job_of(live, "finance", ready["job"]).file_sha256
        assert int(ready["rows"]) == 2_000
        break_disk(spool)
        go_on()
        use_up_attempts(live, "finance", next_chapter()["job"])
        failed = next_chapter()
        assert failed["chapter"] == "failed"
        assert failed["code"]
        assert failed["advice"]
        spool.unlink()
        go_on()
        retried = next_chapter()
        assert (retried["chapter"], retried["of"]) == ("retried", failed["job"])
        assert retried["downloaded"] == retried["sha256"] != hashlib.sha256(b"").hexdigest()
        story.stdin.close()
        assert story.wait(timeout=10) == 0
