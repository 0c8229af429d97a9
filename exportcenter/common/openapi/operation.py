"""What a method of the API takes and answers, declared once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast

from rest_framework.request import Request

from exportcenter.common.openapi.problems import OUR_ERRORS, ErrorShape, Problem
from exportcenter.common.openapi.shapes import AnyShape, Named
from exportcenter.common.paging import refuse_unknown

JSON = "application/json"
Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True)
class Tag:
    """A chapter.

    Attributes:
        name: the same in every language
        title: what people read
        description: Markdown
        error_shape: how its operations word errors
    """

    name: str
    title: Any
    description: str = ""
    error_shape: ErrorShape = OUR_ERRORS

    def __post_init__(self) -> None:
        if self.name in TAGS:
            raise ValueError(f"there are two tags named {self.name!r}")
        TAGS[self.name] = self


TAGS: dict[str, Tag] = {}
"""Every chapter that is declared, by name."""


@dataclass(frozen=True)
class Parameter:
    """A word of the address, the query or the headers.

    Attributes:
        name: as it is sent
        shape: what it may be; a list may be repeated (?status=ready&status=failed)
        description: what it means
        place: path, query or header
        required: whether it must be there; parts of the address always must
    """

    name: str
    shape: AnyShape
    description: str = ""
    place: str = "query"
    required: bool = False


@dataclass(frozen=True)
class Body:
    """What a request carries: ``examples`` are name → value. ``required``: an empty request is refused. ``media``: its
    media type; of another one than JSON the operation names every problem itself."""

    shape: AnyShape
    examples: Mapping[str, Any] = field(default_factory=dict)
    required: bool = True
    media: str = JSON


@dataclass(frozen=True)
class Answer:
    """An answer that is no error.

    Attributes:
        status: 2xx, 3xx
        description: when it is sent
        shape: of the body; None means that there is none
        examples: name → body
        headers: name → header
        media: media type → shape, where it is not JSON alone
        links: name → what to do next, as OpenAPI has it
    """

    status: int
    description: str
    shape: AnyShape | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Named | Mapping[str, Any]] = field(default_factory=dict)
    media: Mapping[str, AnyShape] = field(default_factory=dict)
    links: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One method of one address.

    Attributes:
        id: unique name, from which clients make the names of their functions
        summary: one line, translated
        tag: its chapter
        answers: those that are no errors
        description: Markdown
        parameters: of address, query and headers; those that every operation takes are added
        body: what the request carries
        problems: errors of its own; those that every operation has are added
        public: whether anybody may call it, without having signed in
    """

    id: str
    summary: Any
    tag: Tag
    answers: Sequence[Answer]
    description: str = ""
    parameters: Sequence[Parameter] = ()
    body: Body | None = None
    problems: Sequence[Problem] = ()
    public: bool = False


def documented(operation: Operation) -> Callable[[Handler], Handler]:
    """Decorator for a method of a view: this is what it takes and answers.

    Parameters of the query that it does not declare are refused. A list that declares some refuses others itself, in
    its own words.
    """
    known = [parameter.name for parameter in operation.parameters if parameter.place == "query"]

    def put(handler: Handler) -> Handler:
        @wraps(handler)
        def strict(self: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
            if not known or request.method not in ("GET", "HEAD"):
                refuse_unknown(request.query_params, known)
            return handler(self, request, *args, **kwargs)

        strict.operation = operation  # type: ignore[attr-defined]
        return cast(Handler, strict)

    return put


def operation_of(view: Any, method: str) -> Operation | None:
    """The declaration of ``view``'s method, or None when nobody has written one."""
    found = getattr(getattr(view, method.lower(), None), "operation", None)
    return found if isinstance(found, Operation) else None
