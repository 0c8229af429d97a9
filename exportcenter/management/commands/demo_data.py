"""``manage.py demo_data``: people to sign in as, and sample rows to export."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import demo as people
from accounts import tenancy
from accounts.audit import Operation, record
from accounts.roles import PLATFORM_SLUG
from jobs.records import demo as rows

CLIENT_ORDERS = 400
CLIENT_MEMBERS = 300
MOST_ORDERS = 50_000_000


class Command(BaseCommand):
    """Fill the platform and one client company with repeatable demo data."""

    help = "Create demo people and sample rows. The same seed gives the same rows. What exists is left as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, default=100_000, help="orders of the platform (default 100000)")
        parser.add_argument("--seed", type=int, default=7, help="which rows are made (default 7)")
        parser.add_argument("--reset", action="store_true", help="delete the sample rows of both tenants first")

    def handle(self, *args: Any, orders: int, seed: int, reset: bool, **options: Any) -> None:
        if not 1 <= orders <= MOST_ORDERS:
            raise CommandError(f"--orders must lie between 1 and {MOST_ORDERS}.")
        if not 0 <= seed < 10**12:
            raise CommandError("--seed must lie between 0 and 999999999999.")
        started = time.monotonic()
        try:
            tenants = people.ensure_tenants()
        except LookupError as error:
            raise CommandError(str(error)) from error
        created = []
        for slug, group in ((PLATFORM_SLUG, people.PLATFORM_PEOPLE), (people.CLIENT_SLUG, people.CLIENT_PEOPLE)):
            with tenancy.tenant_scope(tenants[slug]):
                created += people.ensure_people(group)
        self.stdout.write(f"People created: {', '.join(created) or 'none, all exist'}")

        # The client's seed differs, lest its people be namesakes of the platform's.
        client = self._fill(
            people.CLIENT_SLUG, tenants, reset=reset, orders=CLIENT_ORDERS, members=CLIENT_MEMBERS, seed=seed + 1
        )
        # The platform comes last: its scope writes the one audit entry, in the transaction of its rows.
        self._fill(PLATFORM_SLUG, tenants, reset=reset, orders=orders, seed=seed, note=(created, client))
        self.stdout.write(f"Done in {time.monotonic() - started:.1f} s")

    def _fill(
        self,
        slug: str,
        tenants: dict[str, Any],
        *,
        reset: bool,
        orders: int,
        seed: int,
        members: int | None = None,
        note: tuple[list[str], dict[str, int] | None] | None = None,
    ) -> dict[str, int] | None:
        """Fill one tenant in one transaction: what it has got now, or None when it had rows already."""
        started = time.monotonic()
        filled = None
        with tenancy.tenant_scope(tenants[slug]):
            if reset:
                rows.clear()
            before = rows.count()
            if not any(before.values()):
                filled = rows.fill(orders=orders, seed=seed, members=members)
            self._say(slug, filled, before, time.monotonic() - started)
            if note is not None and (filled or any(note)):
                created, client = note
                record(
                    Operation.DEMO_DATA,
                    actor=None,
                    resource=f"tenant:{slug}",
                    details={
                        "seed": seed,
                        "reset": reset,
                        "people": created,
                        PLATFORM_SLUG: filled,
                        people.CLIENT_SLUG: client,
                    },
                )
        return filled

    def _say(self, slug: str, filled: dict[str, int] | None, before: dict[str, int], seconds: float) -> None:
        if filled is None:
            self.stdout.write(f"{slug}: has {_counts(before)}; left as they are (--reset makes new ones)")
        else:
            self.stdout.write(f"{slug}: {_counts(filled)} in {seconds:.1f} s")


def _counts(filled: dict[str, int]) -> str:
    return ", ".join(f"{rows:,} {table.replace('_', ' ')}" for table, rows in filled.items())
