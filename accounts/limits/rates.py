"""The limits there are, and what is left of one.

All go by GCRA, a leaky bucket that is kept as one time: when the bucket will be full again. Each use moves it on by
``period / most``; a use that would move it further than a whole period from now is refused and moves nothing. So
``most`` uses may come at once, then one for each that has leaked back, and no border between two minutes doubles it.
"""

import math
from dataclasses import dataclass

from django.conf import settings

PERIOD_SECONDS = 60


@dataclass(frozen=True)
class Rate:
    """So many uses in a minute.

    Attributes:
        name: as the RateLimit headers call it
        setting: the setting with the number; 0 switches the limit off
    """

    name: str
    setting: str

    @property
    def most(self) -> int:
        """Uses per PERIOD_SECONDS at this moment; 0: no limit."""
        return int(getattr(settings, self.setting))


GENERAL = Rate("general", "LIMIT_GENERAL_PER_MINUTE")
"""Everything under /api/, per person, access token or address."""
CREATE = Rate("create", "LIMIT_CREATE_PER_MINUTE")
"""What makes work for the database or the workers: creating, retrying, running a definition, counting exactly."""
SIGN_IN = Rate("sign-in", "LIMIT_SIGN_IN_PER_MINUTE")
"""Tries at one sign-in name from one address."""
SIGN_IN_ADDRESS = Rate("sign-in-address", "LIMIT_SIGN_IN_ADDRESS_PER_MINUTE")
"""Tries at any names from one address: an office behind one address signs in, a list of names does not get through."""


@dataclass(frozen=True)
class Standing:
    """How one limit stands after somebody used it, or tried to.

    Attributes:
        rate: which limit
        most: the number that it had then
        allowed: False: this use was refused, and did not count
        wait: seconds until the bucket is full again
    """

    rate: Rate
    most: int
    allowed: bool
    wait: float

    @property
    def interval(self) -> float:
        """Seconds that one use costs."""
        return PERIOD_SECONDS / self.most

    @property
    def left(self) -> int:
        """Uses that would be allowed right now."""
        return max(0, math.floor((PERIOD_SECONDS - self.wait) / self.interval + 1e-6))

    @property
    def retry_after(self) -> int:
        """Whole seconds after which one use is allowed; at least 1."""
        return max(1, math.ceil(self.wait + self.interval - PERIOD_SECONDS - 1e-6))
