"""The OpenAPI document of everything below /api/v1, whole and in parts (SPEC A7, D1)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

from exportcenter.common.openapi import fragments
from exportcenter.common.openapi.operation import TAGS, Tag

FRAGMENTS: Mapping[str, tuple[str, ...]] = {
    "exports.list": ("listExports",),
    "exports.detail": ("getExport",),
    "exports.retry": ("retryExport",),
    "exports.cancel": ("cancelExport",),
    "exports.batch_delete_expired": ("deleteExpiredExports",),
}
"""The parts that front ends are built against (S0 §19): name of the file → its operations."""


CHAPTERS = (
    "auth", "tokens", "exports", "datasets", "definitions", "imports", "batch-tasks", "events", "webhooks",
    "notifications", "own", "client", "errors", "about",
)  # fmt: skip
"""The order in which people read: how to get in, then what most come for. Others follow by name."""


@cache
def document(language: str) -> dict[str, Any]:
    """The whole document; titles are in ``language``. Do not change it: it is kept."""
    with translation.override(language):
        made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
        used = {tag for path in made["paths"].values() for operation in path.values() for tag in operation["tags"]}
        made["tags"] = [
            {"name": tag.name, "x-displayName": str(tag.title), "description": tag.description}
            for tag in sorted(TAGS.values(), key=_chapter)
            if tag.name in used
        ]
    return made


def files() -> dict[str, str]:
    """File name → content of everything below docs/openapi."""
    whole = document("en")
    parts = {f"{name}.yaml": fragments.part_of(whole, operations) for name, operations in FRAGMENTS.items()}
    return {name: as_yaml(content) for name, content in {"openapi.yaml": whole, **parts}.items()}


def as_yaml(content: Mapping[str, Any]) -> str:
    """YAML in the order of ``content``, without anchors."""
    return yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


def _chapter(tag: Tag) -> tuple[int, str]:
    return (CHAPTERS.index(tag.name) if tag.name in CHAPTERS else len(CHAPTERS), tag.name)


class _Plain(yaml.SafeDumper):
    """Writes a value that stands in several places in full each time."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
