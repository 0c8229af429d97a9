"""Sending mail: each notification at most once, by any number of senders at the same time.

An attempt is written down and committed before anything leaves. A sender that dies in the middle leaves the row in
flight; once LEASE is over it becomes "unknown" and is never sent again, because nobody can say whether it was.
"""

import contextlib
import logging
import smtplib
import ssl
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.mail import get_connection
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts import tenancy
from accounts.models import User
from jobs.models.notification import Mail, Notification
from jobs.notices.letter import compose

log = logging.getLogger(__name__)

PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""After the first, second and third failure; the fourth is the last."""
LEASE = timedelta(minutes=10)
"""Longer than any one mail takes (EMAIL_TIMEOUT bounds each step of it)."""
SECONDS = 50
"""One run takes no new mail after this; the next run of the timetable goes on."""
CUT_OFF = (smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError, ssl.SSLError)
"""The line broke while the mail was being handed over: the server may have it, or not."""

# A row in flight is one with an attempt and without an error: due again means that its lease is over.
TAKE = """
SELECT id, tenant_id FROM jobs_notification
WHERE mail = 'queued' AND mail_due_at <= statement_timestamp() AND (mail_attempts = 0 OR mail_error <> '')
ORDER BY mail_due_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
GIVE_UP = """
UPDATE jobs_notification SET mail = 'unknown', mail_due_at = NULL, mail_error = %s
WHERE id IN (SELECT id FROM jobs_notification
             WHERE mail = 'queued' AND mail_due_at <= statement_timestamp() AND mail_attempts > 0 AND mail_error = ''
             FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True)
class Attempt:
    """The right to send one notification now."""

    notification: Notification
    user: User
    number: int

    @property
    def tenant_id(self) -> UUID:
        """Whose notification it is."""
        assert self.notification.tenant_id is not None
        return self.notification.tenant_id


def send_due(*, seconds: float = SECONDS) -> int:
    """Send what is due, over all tenants. Returns how many mails were sent."""
    _give_up_lost()
    sent, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        row = _take()
        if row is None:
            break
        if isinstance(row, Attempt):
            sent += _send(row)
    return sent


def _give_up_lost() -> None:
    """Mails of senders that died are unknown from now on."""
    with transaction.atomic(), tenancy.role_scope(tenancy.ENGINE_ROLE), connection.cursor() as cursor:
        cursor.execute(GIVE_UP, ["The sender stopped in the middle."])
        if cursor.rowcount:
            log.warning("%d mails are unknown: their senders stopped in the middle", cursor.rowcount)


def _take() -> Attempt | Notification | None:
    """Write down an attempt at the mail that is due longest. None: there is none; a Notification: nobody to send to."""
    with transaction.atomic():
        with tenancy.role_scope(tenancy.ENGINE_ROLE), connection.cursor() as cursor:
            cursor.execute(TAKE)
            row: tuple[int, UUID] | None = cursor.fetchone()
        if row is None:
            return None
        key, tenant_id = row
        with tenancy.tenant_scope(tenant_id):
            notification: Notification = Notification.objects.select_related("user__tenant").get(pk=key)
            user = notification.user
            if reason := _refuses(user):
                _note(notification, mail=Mail.NONE, mail_due_at=None, mail_error=reason)
                return notification
            number = notification.mail_attempts + 1
            _note(notification, mail_attempts=number, mail_due_at=Now() + LEASE, mail_error="")
    return Attempt(notification, user, number)


def _refuses(user: User) -> str:
    """Why nothing is sent to ``user`` any more; empty = it is."""
    if not user.is_active or not user.tenant.is_active:
        return "The person is no longer active."
    return "" if user.email else "The person has no e-mail address."


def _send(attempt: Attempt) -> bool:
    """Send it and write down what came of it. Whether it was sent."""
    with contextlib.ExitStack() as stack:
        try:
            message = compose(attempt.notification, attempt.user)
            line = get_connection()
            line.open()
            stack.callback(_hang_up, line)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing has left and the others must not wait
            _put_back(attempt, error)
            return False
        try:
            line.send_messages([message])
        except CUT_OFF as error:
            log.warning("mail of notification %s is unknown: %s", attempt.notification.pk, error)
            _settle(attempt, mail=Mail.UNKNOWN, mail_due_at=None, mail_error=_said(error))
            return False
        except Exception as error:  # noqa: BLE001 - every backend has its own; the server has refused it
            _put_back(attempt, error)
            return False
        _settle(attempt, mail=Mail.SENT, mail_due_at=None)
    return True


def _hang_up(line: Any) -> None:
    try:
        line.close()
    except Exception as error:  # noqa: BLE001 - a goodbye that fails changes nothing of what was sent
        log.info("the mail server's connection did not close well: %s", error)


def _put_back(attempt: Attempt, error: Exception) -> None:
    """Try again later, or give up."""
    key = attempt.notification.pk
    log.warning("mail of notification %s failed, attempt %d", key, attempt.number, exc_info=error)
    if attempt.number > len(PAUSES):
        _settle(attempt, mail=Mail.FAILED, mail_due_at=None, mail_error=_said(error))
    else:
        _settle(attempt, mail_due_at=Now() + PAUSES[attempt.number - 1], mail_error=_said(error))


def _settle(attempt: Attempt, **values: Any) -> None:
    """Write the outcome down, unless the attempt is no longer ours. A late "sent" is the truth all the same."""
    states = [Mail.QUEUED, Mail.UNKNOWN] if values.get("mail") == Mail.SENT else [Mail.QUEUED]
    with tenancy.tenant_scope(attempt.tenant_id):
        rows = Notification.objects.filter(pk=attempt.notification.pk, mail_attempts=attempt.number, mail__in=states)
        rows.update(**({"mail_error": ""} | values))


def _note(notification: Notification, **values: Any) -> None:
    Notification.objects.filter(pk=notification.pk).update(**values)


def _said(error: Exception) -> str:
    """An error on one line that fits."""
    text = f"{type(error).__name__}: {error}"
    return "".join(character if character.isprintable() else " " for character in text)[:300]
