"""Definitions of custom exports as JSON."""

from collections.abc import Mapping
from typing import Any

from accounts import policy
from accounts.models import User
from accounts.signin.person import local_iso
from exportcenter.common.errors import InvalidParameters
from jobs import datasets
from jobs.datasets import Dataset, custom, words
from jobs.exports.definitions import current_version
from jobs.models import DefinitionVersion, ExportDefinition

MOST_VERSIONS = 50


def present(definition: ExportDefinition, *, viewer: User) -> dict[str, Any]:
    """One item of a list."""
    return {
        "id": str(definition.pk),
        "name": definition.name,
        "description": definition.description,
        "dataset": definition.dataset,
        "version": definition.version,
        "shared": definition.shared,
        "roles": definition.roles,
        "owner": definition.owner.code,
        "created_at": local_iso(definition.created_at, viewer),
        "updated_at": local_iso(definition.updated_at, viewer),
        "archived_at": local_iso(definition.archived_at, viewer),
        "may_change": bool(policy.may(viewer, policy.Action.DEFINITION_CHANGE, definition)),
        "may_run": definition.archived_at is None and may_run(definition, viewer),
    }


def present_detail(definition: ExportDefinition, *, viewer: User) -> dict[str, Any]:
    """The item, its content, and its versions (the newest 50), the newest first, with what each has changed."""
    body = shown_body(definition, current_version(definition).body, viewer)
    history = [
        _stamp(version, viewer) | {"changes": changes} for version, changes in history_of(definition, viewer=viewer)
    ]
    return present(definition, viewer=viewer) | {"body": body, "versions": history}


def present_version(definition: ExportDefinition, version: DefinitionVersion, *, viewer: User) -> dict[str, Any]:
    """One version with its content."""
    return _stamp(version, viewer) | {"body": shown_body(definition, version.body, viewer)}


def history_of(definition: ExportDefinition, *, viewer: User) -> list[tuple[DefinitionVersion, list[str]]]:
    """The newest versions, the newest first, each with what it changed, in words."""
    newest = DefinitionVersion.objects.filter(definition=definition).select_related("created_by").order_by("-number")
    rows = list(newest[: MOST_VERSIONS + 1])
    dataset = dataset_or_none(definition)
    told = []
    for version, before in zip(rows, [*rows[1:], None], strict=True):
        changes = []
        if before is not None and dataset is not None:
            old, new = (shown_body(definition, one.body, viewer) for one in (before, version))
            changes = words.describe_changes(dataset, old, new)
        told.append((version, changes))
    return told[:MOST_VERSIONS]


def shown_body(definition: ExportDefinition, body: Mapping[str, Any], viewer: User) -> dict[str, Any]:
    """The content as ``viewer`` may read it: without values that a mask would hide."""
    dataset = dataset_or_none(definition)
    if policy.may(viewer, policy.Action.CONTACT_DATA):
        return dict(body)
    return {**body, "filters": []} if dataset is None else custom.hide_masked(dataset, body)


def may_run(definition: ExportDefinition, viewer: User) -> bool:
    """Whether ``viewer`` may export its dataset now."""
    dataset = dataset_or_none(definition)
    return dataset is not None and bool(policy.may(viewer, policy.Action.EXPORT_CREATE, dataset))


def dataset_or_none(definition: ExportDefinition) -> Dataset | None:
    """Its dataset, unless that is gone."""
    try:
        return datasets.get(definition.dataset)
    except InvalidParameters:
        return None


def _stamp(version: DefinitionVersion, viewer: User) -> dict[str, Any]:
    return {
        "version": version.number,
        "created_by": version.created_by.code,
        "created_at": local_iso(version.created_at, viewer),
        "comment": version.comment,
    }
