"""A part of the document that is valid by itself."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any


def part_of(document: Mapping[str, Any], operations: Collection[str]) -> dict[str, Any]:
    """The operations with these ids, and of the components and tags what they need. Raises KeyError for an unknown
    id."""
    paths: dict[str, Any] = {}
    for path, methods in document["paths"].items():
        chosen = {method: one for method, one in methods.items() if one["operationId"] in operations}
        if chosen:
            paths[path] = chosen
    found = [one for methods in paths.values() for one in methods.values()]
    if missing := set(operations) - {one["operationId"] for one in found}:
        raise KeyError(f"no such operations: {sorted(missing)}")
    tags = {tag for one in found for tag in one["tags"]}
    return {
        **{name: value for name, value in document.items() if name not in ("paths", "components", "tags")},
        "paths": paths,
        "components": _components(document["components"], paths),
        "tags": [tag for tag in document["tags"] if tag["name"] in tags],
    }


def _components(all_of_them: Mapping[str, Any], paths: Mapping[str, Any]) -> dict[str, Any]:
    """What ``paths`` point to, and what that points to, in the order of the whole."""
    needed: set[tuple[str, str]] = set()
    waiting = [*_pointers(paths), *(("securitySchemes", name) for name in _schemes(paths))]
    while waiting:
        section, name = waiting.pop()
        if (section, name) not in needed:
            needed.add((section, name))
            waiting += _pointers(all_of_them[section][name])
    picked = {
        section: {name: content for name, content in items.items() if (section, name) in needed}
        for section, items in all_of_them.items()
    }
    return {section: items for section, items in picked.items() if items}


def _pointers(value: Any) -> Iterator[tuple[str, str]]:
    """(section, name) of every component that ``value`` points to."""
    if isinstance(value, Mapping):
        pointer = value.get("$ref")
        if isinstance(pointer, str):
            section, name = pointer.removeprefix("#/components/").split("/")
            yield section, name
        for item in value.values():
            yield from _pointers(item)
    elif isinstance(value, list):
        for item in value:
            yield from _pointers(item)


def _schemes(paths: Mapping[str, Any]) -> set[str]:
    return {
        name
        for methods in paths.values()
        for operation in methods.values()
        for way in operation["security"]
        for name in way
    }
