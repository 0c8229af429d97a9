"""Not part of the suite: senders are killed at random while events come, for as long as SOAK_SECONDS says (60).

Run it by name: ``pytest -q tests/jobs/webhooks/soak.py --timeout 0``. It prints its seed; SOAK_SEED repeats it.
"""

import os
import random
import sys
import time

from tests.jobs.webhooks.test_processes import start
from tests.processes import kill_family, wait_for
from tests.receiver import says

__all__ = ["start"]


def test_nothing_is_lost_and_order_is_kept(live, hook, jobs, receive, start, log, processes):
    seed = int(os.environ.get("SOAK_SEED") or random.randrange(10**6))
    seconds = float(os.environ.get("SOAK_SECONDS") or 60)
    chance = random.Random(seed)
    print(f"\nseed {seed}, {seconds:g} s", file=sys.stderr)
    receivers = [receive() for _number in range(6)]
    for receiver in receivers:
        receiver.manner = lambda handler, number: (
            time.sleep(chance.random() / 20),
            says(chance.choices([200, 500], [19, 1])[0])(handler, number),
        )
    hooks = [hook("finance", receiver.url)[0] for receiver in receivers]
    made: list[str] = []
    alive = [start(), start()]
    kills, end, next_kill = 0, time.monotonic() + seconds, time.monotonic() + 2
    while time.monotonic() < end:
        made.append(jobs.become("finance").job_no)
        if time.monotonic() > next_kill:
            kill_family(alive.pop(0))
            alive.append(start())
            kills += 1
            next_kill = time.monotonic() + 2 * chance.random()
    for webhook, receiver in zip(hooks, receivers, strict=True):
        wait_for(
            lambda one=webhook: set(log.states(one)) == {"sent"} and len(log.states(one)) == len(made),
            300,
            f"seed {seed}: messages were lost: {processes.logs()[-3000:]}",
        )
        ids = {got.id for got in receiver.received}
        assert len(ids) == len(made), f"seed {seed}"
    told = [len(receiver.received) for receiver in receivers]
    print(f"{len(made)} events, {kills} kills, requests {told}", file=sys.stderr)
