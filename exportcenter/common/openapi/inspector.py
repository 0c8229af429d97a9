"""What drf-spectacular asks for each method of each view: the declaration, as a part of an OpenAPI 3.1 document."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from exportcenter.common.openapi import problems, shapes
from exportcenter.common.openapi.operation import JSON, Answer, Operation, Parameter, operation_of
from exportcenter.common.openapi.problems import ErrorShape, Problem
from exportcenter.common.openapi.shapes import Named

_REQUEST_ID = shapes.text(pattern="^[A-Za-z0-9._-]{8,64}$", example="req_9f86d081884c7d65")
REQUEST_ID = Named("X-Request-ID", {"description": "The id of the request.", "schema": _REQUEST_ID}, "headers")
HEADERS = {
    "X-Request-ID": REQUEST_ID,
    "RateLimit-Policy": Named(
        "RateLimit-Policy",
        {
            "description": "The limits that the request has used: `q` requests in `w` seconds.",
            "schema": shapes.text(example='"general";q=600;w=60'),
        },
        "headers",
    ),
    "RateLimit": Named(
        "RateLimit",
        {
            "description": "How they stand: `r` requests are left now, and all of them in `t` seconds.",
            "schema": shapes.text(example='"general";r=598;t=1'),
        },
        "headers",
    ),
}
"""Of every answer."""
COMMON_PARAMETERS = (
    Named(
        "X-Request-ID",
        {
            "name": "X-Request-ID",
            "in": "header",
            "description": "Taken over when it is 8–64 letters, digits, `.`, `_`, `-`; else one is made.",
            "schema": shapes.text(),
        },
        "parameters",
    ),
    Named(
        "Accept-Language",
        {
            "name": "Accept-Language",
            "in": "header",
            "description": "Language of messages, for those whose own it is not: `zh-hans` or `en`.",
            "schema": shapes.text(example="en"),
        },
        "parameters",
    ),
)
API_TOKEN = Named(
    "apiToken",
    {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "ec_…",
        "description": "An API token of one's own, with the scope that is named.",
    },
    "securitySchemes",
)
SECURITY = (
    Named(
        "bearer",
        {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of `POST /api/v1/auth/token`; it lives 2 hours.",
        },
        "securitySchemes",
    ),
    Named(
        "session",
        {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session of a signed-in browser. Changes need the CSRF token, too: `X-CSRFToken`.",
        },
        "securitySchemes",
    ),
)


class Inspector(AutoSchema):
    """DRF's ``schema`` of every view."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any]:
        """The declared operation. Raises ImproperlyConfigured for a method that nobody has described."""
        operation = operation_of(self.view, method)
        if operation is None:
            raise ImproperlyConfigured(f"{method} {path}: {type(self.view).__name__} says nothing about it")
        named = [parameter.name for parameter in operation.parameters if parameter.place == "path"]
        if sorted(named) != sorted(re.findall(r"{(\w+)}", path)):
            raise ImproperlyConfigured(f"{method} {path}: the parameters of its address are {named}")
        scope = getattr(self.view, "scopes", {}).get(method, "")
        return _Writer(registry).operation(operation, method, str(scope))


class _Writer:
    """Renders declarations; what has a name goes to the registry."""

    def __init__(self, registry: ComponentRegistry) -> None:
        self.registry = registry

    def operation(self, operation: Operation, method: str, scope: str) -> dict[str, Any]:
        """One method of one address."""
        written: dict[str, Any] = {
            "operationId": operation.id,
            "summary": str(operation.summary),
            "description": operation.description,
            "tags": [operation.tag.name],
            "parameters": [*map(self._parameter, operation.parameters), *self._plain(COMMON_PARAMETERS)],
            "security": [{}] if operation.public else self._security(scope),
            "responses": self._responses(operation, method),
        }
        if operation.body is not None:
            content: dict[str, Any] = {"schema": operation.body.shape}
            if operation.body.examples:
                content["examples"] = _examples(operation.body.examples)
            body = {"required": operation.body.required, "content": {operation.body.media: content}}
            written["requestBody"] = self._plain(body)
        return {name: value for name, value in written.items() if value != ""}

    def _security(self, scope: str) -> list[dict[str, list[str]]]:
        """The ways in, any of which will do; an API token where ``scope`` says which it needs."""
        ways = [{way.name: list[str]()} for way in SECURITY] + ([{API_TOKEN.name: [scope]}] if scope else [])
        for way in (*SECURITY, *([API_TOKEN] if scope else [])):
            self._point(way)
        return ways

    def _parameter(self, parameter: Parameter) -> Any:
        required = parameter.required or parameter.place == "path"
        written: dict[str, Any] = {"name": parameter.name, "in": parameter.place, "schema": parameter.shape}
        written |= {"description": parameter.description} if parameter.description else {}
        return self._plain(written | ({"required": True} if required else {}))

    def _responses(self, operation: Operation, method: str) -> dict[str, Any]:
        answers = {str(answer.status): self._answer(answer) for answer in operation.answers}
        by_status: dict[int, tuple[Problem, ...]] = {}
        for problem in all_problems(operation, method):
            by_status[problem.status] = (*by_status.get(problem.status, ()), problem)
        errors = {
            str(status): self._plain(_shared_answer(by_status[status], operation.tag.error_shape))
            for status in sorted(by_status)
        }
        return answers | errors

    def _answer(self, answer: Answer) -> Any:
        media: dict[str, Any] = {kind: {"schema": shape} for kind, shape in answer.media.items()}
        if answer.shape is not None:
            media[JSON] = {"schema": answer.shape}
            if answer.examples:
                media[JSON]["examples"] = _examples(answer.examples)
        written: dict[str, Any] = {
            "description": answer.description,
            "headers": {**HEADERS, **answer.headers},
        }
        written |= {"content": media} if media else {}
        return self._plain(written | ({"links": answer.links} if answer.links else {}))

    def _plain(self, value: Any) -> Any:
        return shapes.resolve(value, self._point)

    def _point(self, part: Named) -> str:
        """The address of a named part within the document, where it is put when it was not there."""
        component = ResolvedComponent(name=part.name, type=part.kind, object=part, schema={"title": part.name})
        if component not in self.registry:
            self.registry.register(component)  # before its content: that may point to itself
            component.schema = self._plain(part.content)
        elif self.registry[component].object is not part:
            raise ImproperlyConfigured(f"there are two {part.kind} named {part.name!r}")
        return f"#/components/{part.kind}/{part.name}"


def all_problems(operation: Operation, method: str) -> list[Problem]:
    """Every error that the operation can answer: its own, and those that follow from what it takes."""
    found = [*operation.problems, problems.INVALID]  # a parameter of the query, if nothing else
    if operation.body is not None and operation.body.media == JSON:
        found += [problems.MALFORMED, problems.TOO_LARGE, problems.NOT_JSON]
    found.append(problems.NOT_AUTHENTICATED)
    if not operation.public:
        found.append(problems.FORBIDDEN)
        found += [] if method == "GET" else [problems.FORGED]
    return list(dict.fromkeys([*found, problems.THROTTLED, problems.UNAVAILABLE, problems.INTERNAL]))


@cache
def _shared_answer(several: tuple[Problem, ...], shape: ErrorShape) -> Named:
    """The answer of some problems of one status, to which every operation points that has the same."""
    codes = list(dict.fromkeys(shape.code(problem) for problem in several))
    headers: dict[str, Any] = {**HEADERS}
    for problem in several:
        headers |= problem.headers
    content = {
        "description": " ".join(problem.description for problem in several),
        "headers": headers,
        "content": {
            JSON: {
                "schema": {"allOf": [shape.schema], "type": "object", "properties": {"code": {"enum": codes}}},
                "examples": _examples({problem.name: shape.example(problem) for problem in several}),
            }
        },
    }
    return Named(shape.prefix + "Or".join(problem.name for problem in several), content, "responses")


def _examples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in values.items()}
