"""What a kind of job offers to the list of all tasks: one small declaration per kind, found here."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest

from accounts.models import User
from exportcenter.common.client import Client
from jobs.engine import kinds
from jobs.engine.kinds import JobKind


@dataclass(frozen=True)
class TaskDoing:
    """Something that can be done to a task: a link, or why there is none.

    Attributes:
        asks: what a script asks before it goes there by POST: question and effect; empty for a plain link
    """

    key: str
    title: str
    icon: str
    address: str = ""
    reason: str = ""
    danger: bool = False
    asks: tuple[str, str] | None = None


@dataclass(frozen=True)
class TaskRow:
    """A task as one person sees it in the list of all kinds; ``job`` is for identifiers and flags only.

    Attributes:
        what: of which data; ``detail``: which file, or which conditions
        tone: of the status; colours stand in the style sheet
    """

    job: Any
    kind: str
    kind_title: str
    kind_icon: str
    address: str
    mine: bool
    moves: bool
    what: str
    detail: str
    tone: str
    sign: str
    status: str
    note: str
    progress: int | None
    progress_words: str
    creator: str
    created: str
    created_exact: str
    finished: str
    finished_exact: str
    doings: list[TaskDoing]


class BatchFacade(ABC):
    """One kind of job as the list of tasks sees it. Everything else about a task is the same for all kinds.

    The kind's table wants an index on (tenant, -created_at, -id): pages are merged from it.

    Attributes:
        kind: key of the kind, which is the ``task_type`` of its tasks
    """

    kind: ClassVar[str]

    title: ClassVar[Any] = ""
    icon: ClassVar[str] = "task"
    """What people call the kind, and its sign in the theme's icon font; "" where no page shows its tasks."""

    @property
    def job_kind(self) -> JobKind:
        """The engine's side of the kind."""
        return kinds.get(self.kind)

    @abstractmethod
    def visible_to(self, user: User) -> Any:
        """A queryset of the jobs that ``user`` may see: the rule that the kind's own list goes by."""

    @abstractmethod
    def cancel(self, job_no: str, *, actor: User, client: Client) -> Any:
        """Stop the job by the kind's own service and answer it as it is then, owner included.

        Raises NotFound, PermissionRefused, Locked and StateConflict like that service.
        """

    def result_url(self, job: Any, *, viewer: User, request: HttpRequest) -> str | None:
        """Where ``viewer`` gets the result, absolute; None when there is none, or not for them."""
        return None

    def rows_for(self, jobs: Iterable[Any], viewer: User) -> list[TaskRow]:
        """These jobs, which ``viewer`` may see, as rows of the page of tasks. Kinds with a ``title`` say it."""
        raise NotImplementedError


_facades: dict[str, BatchFacade] = {}


def register(cls: type[BatchFacade]) -> type[BatchFacade]:
    """Class decorator: make a declaration known. Raises ValueError when the kind has one already."""
    if cls.kind in _facades:
        raise ValueError(f"job kind {cls.kind!r} declares its batch tasks twice")
    _facades[cls.kind] = cls()
    return cls


def all_facades() -> list[BatchFacade]:
    """One for each registered kind that is not internal."""
    return [_facades[kind.key] for kind in kinds.all_kinds() if not kind.internal]


def undeclared() -> list[str]:
    """Keys of kinds whose jobs no list of tasks would show."""
    return [kind.key for kind in kinds.all_kinds() if not kind.internal and kind.key not in _facades]
