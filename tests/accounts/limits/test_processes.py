"""Several web processes: what protects something is counted once for all of them, the rest by each."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from accounts.limits.rates import PERIOD_SECONDS
from tests.exports_helpers import Web

pytestmark = pytest.mark.processes
CREATE, GENERAL, TRIES = 5, 1_000, 24


def test_two_web_processes_share_what_protects(live, tmp_path, sign_in):
    limits = {"LIMIT_CREATE_PER_MINUTE": str(CREATE), "LIMIT_GENERAL_PER_MINUTE": str(GENERAL)}
    client = sign_in("finance")
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    csrf = client.get("/accounts/me/").cookies["csrftoken"].value
    headers = {"X-CSRFToken": csrf, "Referer": "http://127.0.0.1/"}
    cookies["csrftoken"] = csrf
    webs = []
    try:
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            webs.append(Web(folder, environment=limits))
        with httpx.Client(cookies=cookies, headers=headers, trust_env=False, timeout=60) as http:
            began = time.monotonic()

            def wish(number: int) -> httpx.Response:
                return http.post(f"{webs[number % 2].address}/api/v1/exports", json={"type": "nothing"})

            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(wish, range(TRIES)))
            leaked = int((time.monotonic() - began) * CREATE / PERIOD_SECONDS) + 1
            each = [http.get(f"{web.address}/api/v1/exports") for web in webs]
    finally:
        for web in webs:
            web.close()
    let_through = sum(answer.status_code == 400 for answer in answers)
    assert CREATE <= let_through <= CREATE + leaked
    assert sum(answer.status_code == 429 for answer in answers) == TRIES - let_through
    left = [int(answer.headers["RateLimit"].split("r=")[1].split(";")[0]) for answer in each]
    assert min(left) > GENERAL - TRIES  # each has counted its own half
