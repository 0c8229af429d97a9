"""Counts in the database: exact over all processes and machines, whatever happens to the request (rules: rates.py).

One statement, committed by itself (exportcenter.common.apart): two requests of one person wait for each other no longer
than that statement, requests of different people never. The table is UNLOGGED: counts of a minute are not worth a flush
of the log, and after a crash of the database everybody starts with a full bucket.
"""

import hmac
from uuid import UUID

from django.conf import settings

from accounts.limits.rates import PERIOD_SECONDS, Rate, Standing
from exportcenter.common.apart import APART, Apart

# The row is locked before SET is computed, and clock_timestamp() is called once, inside: whoever waited for the lock
# counts from the time at which it came to its turn. RETURNING sees what was written, so a refusal is no guess either.
TAKE = """
INSERT INTO accounts_ratelimit AS bucket (key, full_at, counted_at, allowed)
SELECT %(key)s, moment.now + %(interval)s * interval '1 second', moment.now, true
FROM (SELECT clock_timestamp() AS now) AS moment
ON CONFLICT (key) DO UPDATE SET (full_at, counted_at, allowed) = (
    SELECT CASE WHEN asked.fits THEN asked.after ELSE asked.before END, asked.now, asked.fits
    FROM (
        SELECT place.now, place.before, place.before + %(interval)s * interval '1 second' AS after,
               place.before + %(interval)s * interval '1 second' <= place.now + %(period)s * interval '1 second' AS fits
        FROM (
            SELECT moment.now, greatest(bucket.full_at, moment.now) AS before
            FROM (SELECT clock_timestamp() AS now OFFSET 0) AS moment
        ) AS place
    ) AS asked
)
RETURNING allowed, extract(epoch FROM full_at - counted_at)::float8
"""
PRUNE = """
WITH gone AS (DELETE FROM accounts_ratelimit WHERE full_at < clock_timestamp() RETURNING 1) SELECT count(*) FROM gone
"""


def take(rate: Rate, *subject: str, through: Apart = APART) -> Standing | None:
    """Use one up for ``subject``, e.g. ("user", its id); None where there is no limit. Raises OperationalError."""
    most = rate.most
    if not most:
        return None
    values = {"key": _key(rate, subject), "interval": PERIOD_SECONDS / most, "period": PERIOD_SECONDS}
    allowed, wait = through.row(TAKE, values)
    return Standing(rate, most, allowed, wait)


def prune() -> int:
    """Delete buckets that are full again: they say no more than a missing one. Returns how many."""
    (count,) = APART.row(PRUNE, {})
    return int(count)


def _key(rate: Rate, subject: tuple[str, ...]) -> UUID:
    """A name that tells nobody whom it is about: the table has no tenant, and addresses and names are personal."""
    said = "\0".join((rate.name, *subject)).encode("utf-8", "surrogatepass")
    return UUID(bytes=hmac.digest(settings.SECRET_KEY.encode(), b"limit\0" + said, "sha256")[:16])
