"""Five failed sign-ins lock an account for 30 minutes (SPEC X2).

The counter is a column of the user's row and is raised *before* the password is checked: fifty parallel guesses
get at most five hashes.
"""

from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import User

ATTEMPTS = 5
LOCK = timedelta(minutes=30)


def take_attempt(user_id: object) -> bool:
    """Use up one attempt in the current transaction. False when the account is locked."""
    free = Q(locked_until__isnull=True) | Q(locked_until__lte=Now())
    User.objects.filter(pk=user_id, locked_until__lte=Now()).update(failed_logins=0, locked_until=None)
    taken = User.objects.filter(free, pk=user_id, failed_logins__lt=ATTEMPTS).update(
        failed_logins=F("failed_logins") + 1
    )
    if taken:
        User.objects.filter(pk=user_id, failed_logins__gte=ATTEMPTS).update(locked_until=Now() + LOCK)
    return bool(taken)


def forgive(user_id: object) -> None:
    """The password was right: start counting anew."""
    User.objects.filter(pk=user_id).update(failed_logins=0, locked_until=None)
