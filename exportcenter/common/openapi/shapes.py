"""JSON Schema (draft 2020-12, the one of OpenAPI 3.1) in small words.

A shape is a plain dict in which a Named shape may stand, and a function wherever a list is known only when all apps
have loaded (``one_of(lambda: registered keys)``). Both are resolved when the document is made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Shape = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Named:
    """A part of the document that others point to.

    Attributes:
        name: unique within its kind
        content: what stands there
        kind: the section of ``components``
    """

    name: str
    content: Mapping[str, Any]
    kind: str = "schemas"


AnyShape = Shape | Named


def text(description: str = "", **more: Any) -> Shape:
    """A string. ``most`` and ``least`` are its length, ``pattern`` and ``example`` as in JSON Schema."""
    return _made("string", description, more, least="minLength", most="maxLength")


def whole(description: str = "", **more: Any) -> Shape:
    """A whole number from ``least`` to ``most``."""
    return _made("integer", description, more, least="minimum", most="maximum")


def number(description: str = "", **more: Any) -> Shape:
    """A number from ``least`` to ``most``."""
    return _made("number", description, more, least="minimum", most="maximum")


def yes_no(description: str = "", **more: Any) -> Shape:
    """True or false."""
    return _made("boolean", description, more)


def moment(description: str = "", **more: Any) -> Shape:
    """A point of time, ISO 8601 with offset."""
    return _made("string", description, {"format": "date-time"} | more)


def day(description: str = "", **more: Any) -> Shape:
    """A calendar day, ISO 8601."""
    return _made("string", description, {"format": "date"} | more)


def one_of(values: Sequence[str] | Callable[[], Sequence[str]], description: str = "", **more: Any) -> Shape:
    """One of these texts."""
    return _made("string", description, {"enum": values} | more)


def list_of(item: AnyShape, description: str = "", **more: Any) -> Shape:
    """A list of ``least`` to ``most`` items."""
    return _made("array", description, {"items": item} | more, least="minItems", most="maxItems")


def record(fields: Mapping[str, AnyShape], description: str = "", *, optional: Sequence[str] = ()) -> Shape:
    """An object that we answer: these fields, all of them but the ``optional`` ones. More may come one day."""
    required = [name for name in fields if name not in optional]
    return _made("object", description, {"properties": dict(fields)} | ({"required": required} if required else {}))


def body_of(fields: Mapping[str, AnyShape], description: str = "", *, required: Sequence[str] = ()) -> Shape:
    """An object that we take: these fields and no others."""
    return {**record(fields, description, optional=[name for name in fields if name not in required])} | {
        "additionalProperties": False
    }


def any_object(description: str = "", **more: Any) -> Shape:
    """An object whose fields depend on something else."""
    return _made("object", description, more)


def map_of(value: AnyShape, description: str = "", **more: Any) -> Shape:
    """An object with keys of any name."""
    return _made("object", description, {"additionalProperties": value} | more)


def or_null(shape: AnyShape) -> Shape:
    """The shape, or null."""
    if isinstance(shape, Named) or "type" not in shape:
        return {"anyOf": [shape, {"type": "null"}]}
    nullable = {**shape, "type": [shape["type"], "null"]}
    if "enum" in shape:
        nullable["enum"] = lambda: [*_called(shape["enum"]), None]
    return nullable


def or_empty(shape: AnyShape) -> Shape:
    """The shape, or an empty text, which is as good as leaving the parameter out."""
    return {"anyOf": [shape, {"const": ""}]}


def resolve(value: Any, name_of: Callable[[Named], str]) -> Any:
    """``value`` as plain JSON: functions are called, lazy texts read, each Named part becomes a reference."""
    if isinstance(value, Named):
        return {"$ref": name_of(value)}
    if callable(value):
        return resolve(value(), name_of)
    if isinstance(value, Mapping):
        return {str(key): resolve(item, name_of) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, name_of) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)


def _called(value: Any) -> Any:
    return value() if callable(value) else value


def _made(kind: str, description: str, more: Mapping[str, Any], **words: str) -> Shape:
    shape: dict[str, Any] = {"type": kind}
    if description:
        shape["description"] = description
    for name, value in more.items():
        if name == "example":
            shape["examples"] = [value]
        else:
            shape[words.get(name, name)] = value
    return shape
