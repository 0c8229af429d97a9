"""Why a job could not be finished, in words for the person who asked (SPEC E17)."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_of_code: dict[str, type["JobError"]] = {}


class JobError(Exception):
    """Base of every expected failure.

    Class attributes: ``code``, ``default_message``, ``default_advice`` (English, translated into the owner's
    language when the job fails), ``transient``: whether the engine tries again by itself (SPEC E7), ``waits``: nothing
    is wrong, there is a queue elsewhere: the attempt does not count, and the job comes back for about an hour.
    """

    code = "JOB_FAILED"
    default_message = gettext_noop("The job could not be finished.")
    default_advice = gettext_noop("Try again. If it fails again, send the job number to support.")
    transient = False
    waits = False

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        _of_code.setdefault(cls.code, cls)

    def __init__(self, message: str = "", advice: str = "") -> None:
        self.message = message or _(self.default_message)
        self.advice = advice or _(self.default_advice)
        super().__init__(self.message)


def error_of(code: object) -> JobError:
    """The error of this code in the current language; the plain one for a code that is gone."""
    return _of_code.get(str(code), JobError)()


class JobCrashed(JobError):
    """A bug: the stack is kept for admins, the person gets a number to quote."""

    code = "INTERNAL_ERROR"
    default_message = gettext_noop("The job stopped because of an internal error.")
    default_advice = gettext_noop("Send the job number to support; the details are in its log.")


class JobTimeout(JobError):
    """Over the time limit (SPEC E9)."""

    code = "EXPORT_TIMEOUT"
    default_message = gettext_noop("Job exceeded the time limit.")
    default_advice = gettext_noop("Choose a shorter period or fewer columns, then try again.")


class PoisonJob(JobError):
    """Took its worker down too often."""

    code = "POISON"
    default_message = gettext_noop("The worker died several times while running this job.")
    default_advice = gettext_noop("Choose fewer rows or columns. If it fails again, send the job number to support.")


class WorkerLost(JobError):
    """The worker that ran the job vanished."""

    code = "WORKER_LOST"
    default_message = gettext_noop("The worker that ran this job disappeared.")
    transient = True


class Forbidden(JobError):
    """The owner lost the right between request and run."""

    code = "FORBIDDEN"
    default_message = gettext_noop("You no longer have the right to this data.")
    default_advice = gettext_noop("Ask an admin for the right, then try again.")


class BadRequest(JobError):
    """The frozen parameters no longer fit, e.g. a column is gone."""

    code = "VALIDATION"
    default_message = gettext_noop("The parameters of this job are no longer valid.")
    default_advice = gettext_noop("Create a new export with the parameters offered now.")


class DatabaseTrouble(JobError):
    """The database refused or dropped the connection."""

    code = "DATABASE_UNAVAILABLE"
    default_message = gettext_noop("The database did not answer.")
    transient = True


class StorageTrouble(JobError):
    """The file could not be written or stored."""

    code = "STORAGE_UNAVAILABLE"
    default_message = gettext_noop("The file could not be stored.")
    default_advice = gettext_noop("The disk or the file store is full or away. It is tried again by itself.")
    transient = True


class SourceUnavailable(JobError):
    """Another database, from which a dataset reads, is away."""

    code = "SOURCE_UNAVAILABLE"
    default_message = gettext_noop("The database that holds this data did not answer.")
    default_advice = gettext_noop("It is tried again by itself. If it stays away, tell an admin.")
    transient = True


class SourceBusy(JobError):
    """As many exports as allowed read from the other database already, or it takes no more connections."""

    code = "SOURCE_BUSY"
    default_message = gettext_noop("The database that holds this data is busy with other exports.")
    default_advice = gettext_noop("Try again when there is less to do.")
    transient = True
    waits = True


class SourceRefused(JobError):
    """The other database does not let us in, or lacks what the dataset reads. Only an admin can mend it."""

    code = "SOURCE_REFUSED"
    default_message = gettext_noop("The database that holds this data refused the request.")
    default_advice = gettext_noop("Tell an admin: the access to that database needs mending. Then try again.")


class SourceTimeout(JobError):
    """A statement took longer than the other database grants us."""

    code = "SOURCE_TIMEOUT"
    default_message = gettext_noop("The database that holds this data took too long.")
    default_advice = gettext_noop("Choose a shorter period or fewer columns, then try again.")


class Aborted(Exception):
    """Raised inside a body that must stop now. Not an error: nobody is blamed, nothing is published."""

    def __init__(self, reason: "str") -> None:
        super().__init__(reason)
        self.reason = reason
