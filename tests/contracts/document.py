"""Holds what the API answers against what its document says."""

import copy
import json
import re
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.http import HttpResponseBase
from jsonschema import Draft202012Validator, FormatChecker

from exportcenter.api_document import document

PREFIX = "/api/v1/"
CHECKER = FormatChecker()


def whole() -> dict[str, Any]:
    """The document, in English."""
    return document("en")


@cache
def operations() -> list[tuple[str, str, re.Pattern[str], dict[str, Any]]]:
    """(method, path, pattern of the path, operation); addresses without parameters first."""
    found = []
    for path, methods in whole()["paths"].items():
        pattern = re.compile(re.sub(r"{\w+}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}")))
        found += [(method.upper(), path, pattern, operation) for method, operation in methods.items()]
    return sorted(found, key=lambda one: (one[1].count("{"), one[1], one[0]))


def find(method: str, path: str) -> dict[str, Any] | None:
    """The operation that serves a request."""
    wanted = "GET" if method == "HEAD" else method
    for one, _path, pattern, operation in operations():
        if one == wanted and pattern.fullmatch(path):
            return operation
    return None


def path_of(operation_id: str) -> tuple[str, str]:
    """(method, path) of an operation."""
    return next(
        (method, path) for method, path, _, operation in operations() if operation["operationId"] == operation_id
    )


def problems_of(method: str, path: str, body: Any, response: HttpResponseBase) -> list[str]:
    """Everything in which request and answer deviate from the document; empty for what is no part of the API."""
    address = urlsplit(path)
    if not address.path.startswith(PREFIX):
        return []
    operation = find(method, address.path)
    if operation is None:
        return [] if response.status_code in (404, 405, 200 if method == "OPTIONS" else 404) else ["no such operation"]
    said = _answer_problems(operation, method, response)
    if 200 <= response.status_code < 300:
        said += _request_problems(operation, address.query, body)
    return [f"{method} {path} → {response.status_code}: {one}" for one in said]


def _answer_problems(operation: dict[str, Any], method: str, response: HttpResponseBase) -> list[str]:
    answer = resolved(operation["responses"].get(str(response.status_code)))
    if answer is None:
        return [f"status {response.status_code} is not documented"]
    said = [
        f"header {name} is missing"
        for name, header in answer.get("headers", {}).items()
        if resolved(header).get("required") and name not in response
    ]
    media = response.get("Content-Type", "").partition(";")[0]
    content = answer.get("content", {})
    if content and method != "HEAD" and media not in content and not _is_page(response):
        return [*said, f"media type {media!r} is not documented"]
    if media == "application/json" and media in content and not response.streaming and method != "HEAD":
        schema = content[media]["schema"]
        said += violations(schema, json.loads(response.content), closed=True)  # type: ignore[attr-defined]
    elif not content and getattr(response, "content", b""):
        said.append("a body is not documented")
    return said


def _is_page(response: HttpResponseBase) -> bool:
    """Refusals of downloads are pages for browsers; the document says so in words."""
    return response.get("Content-Type", "").startswith("text/html")


def _request_problems(operation: dict[str, Any], query: str, body: Any) -> list[str]:
    known = {one["name"]: one for one in map(resolved, operation["parameters"]) if one["in"] == "query"}
    given = parse_qs(query, keep_blank_values=True)
    said = [f"parameter {name} was taken and is not documented" for name in given.keys() - known.keys()]
    taken = operation.get("requestBody")
    if taken is None:
        return [*said, *(["a body was taken and is not documented"] if body else [])]
    if body is None:
        return said
    if "application/json" not in taken["content"]:
        return [*said, "a body of JSON was taken and is not documented"]
    schema = taken["content"]["application/json"]["schema"]
    return said + [f"body was taken: {one}" for one in violations(schema, body, closed=False)]


def violations(schema: Any, value: Any, *, closed: bool) -> list[str]:
    """In what ``value`` deviates from a schema of the document."""
    validator = _validator(json.dumps(schema), closed)
    return [
        f"{'/'.join(map(str, error.absolute_path)) or '.'}: {error.message[:300]}"
        for error in validator.iter_errors(value)
    ]


def conforms(name: str, value: Any) -> list[str]:
    """In what ``value`` deviates from the component ``name``."""
    return violations({"$ref": f"#/components/schemas/{name}"}, value, closed=True)


@cache
def _validator(schema: str, closed: bool) -> Draft202012Validator:
    components = _closed_components() if closed else whole()["components"]
    content = json.loads(schema)
    return Draft202012Validator(
        {**(_close(content) if closed else content), "components": components}, format_checker=CHECKER
    )


@cache
def _closed_components() -> dict[str, Any]:
    return _close(copy.deepcopy(whole()["components"]))


def _close(schema: Any) -> Any:
    """The same, but objects have no fields beside those that are named: the document leaves room for those of later
    releases, today's answers have none."""
    if isinstance(schema, list):
        return [_close(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _close(one) for name, one in schema.items()}
    if schema.get("type") in ("object", ["object", "null"]) and "properties" in schema and "allOf" not in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def resolved(part: Any) -> Any:
    """``part``, or what it points to."""
    if isinstance(part, dict) and "$ref" in part:
        section, name = part["$ref"].removeprefix("#/components/").split("/")
        return whole()["components"][section][name]
    return part
