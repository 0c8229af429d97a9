"""What is the same for every kind of job that a person or a program asks for: a new row, and the row of a number."""

import uuid
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from exportcenter.common import clock, request_id
from exportcenter.common.database import lock_row
from exportcenter.common.errors import InvalidParameters, NotFound
from jobs.engine import kinds
from jobs.engine.numbers import next_job_no
from jobs.models import Job

SOURCE_LENGTH = 200
NUMBER_LENGTH = 30

Asked = TypeVar("Asked", bound=Job)


def new_job(model: type[Asked], *, kind: str, actor: User) -> Asked:
    """A row that is not saved yet: id, number, owner, language and zone. From here to the end of the transaction the
    company's jobs of this ``kind`` are created one at a time, so that limits counted now are exact."""
    now = clock.now()
    job = model(
        id=uuid.uuid4(),
        tenant_id=actor.tenant_id,
        owner=actor,
        job_no=next_job_no(kinds.get(kind).letter, now),
        created_at=now,
        available_at=now,
        language=actor.language,
        time_zone=str(ZoneInfo(actor.time_zone)),
        request_id=request_id.current(),
    )
    job.root_id = job.id
    return job


def is_source(text: str) -> bool:
    """Whether ``text`` can name the page or program that asks: it is short and printable, or empty."""
    return len(text) <= SOURCE_LENGTH and text.isprintable()


def check_source(source: str) -> None:
    """Raise InvalidParameters (400) unless ``source`` can name the page or program that asks."""
    if not is_source(source):
        raise InvalidParameters(
            details={"source": [_("At most %(most)d printable characters.") % {"most": SOURCE_LENGTH}]}
        )


def numbered(rows: "QuerySet[Any]", job_no: str) -> Any:
    """The one of ``rows``, which the asker may see, with this number. Raises NotFound (404): a stranger learns
    nothing."""
    job = rows.filter(job_no=job_no[:NUMBER_LENGTH]).first() if "\0" not in job_no else None
    if job is None:
        raise NotFound()
    return job


def locked(rows: "QuerySet[Any]", seen: Job) -> Any:
    """``seen`` once more, its row locked for this transaction. Raises Locked (423) when somebody holds it for over a
    second, and NotFound (404) when it has gone since it was seen."""
    try:
        return lock_row(rows, seen.pk)
    except ObjectDoesNotExist:
        raise NotFound() from None
