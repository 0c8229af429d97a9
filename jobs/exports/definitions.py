"""What people do with definitions of custom exports. API and admin come through here.

A definition gives no right to data. Whoever writes one needs the right to export its dataset, and so does whoever runs
it, at that time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.audit import Operation
from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.client import Client
from exportcenter.common.database import lock_row
from exportcenter.common.errors import InvalidParameters, NotFound, PermissionRefused, StateConflict
from exportcenter.common.ids import read_id
from jobs import datasets, formats
from jobs.datasets import CUSTOM, Dataset, custom
from jobs.exports import services
from jobs.models import DefinitionVersion, ExportDefinition, ExportJob
from jobs.sharing import Sharing, check_sharing

BODY = (*custom.PARTS, "file_type", "options")
LONGEST_NAME = 100
LONGEST_TEXT = 500


@transaction.atomic
def create_definition(
    *,
    dataset: str,
    name: str,
    body: Mapping[str, Any],
    description: str = "",
    comment: str = "",
    shared: str = Sharing.PRIVATE,
    roles: Sequence[str] = (),
    actor: User,
    client: Client | None = None,
) -> ExportDefinition:
    """Save a custom export as version 1 of a new definition of ``actor``.

    Raises InvalidParameters (400, also for a name that is taken) and PermissionRefused (403).
    """
    chosen = _dataset(dataset)
    policy.may(actor, policy.Action.EXPORT_CREATE, chosen).or_refuse()
    checked, _texts, _sharing = _all_of(
        lambda: check_body(chosen, body, actor=actor),
        lambda: _check_texts(name=name, description=description, comment=comment),
        lambda: check_sharing(shared, roles),
    )
    now = clock.now()
    definition = ExportDefinition(
        owner=actor,
        name=name,
        description=description,
        dataset=chosen.key,
        shared=shared,
        roles=sorted(set(roles)),
        created_at=now,
        updated_at=now,
    )
    _save(definition)
    _add_version(definition, checked, comment, actor)
    details = {"dataset": chosen.key, "shared": shared, "roles": definition.roles}
    _note(Operation.EXPORT_DEFINITION_CREATE, definition, actor, client, details)
    return definition


@transaction.atomic
def update_definition(
    key: Any,
    *,
    expected_version: int,
    name: str | None = None,
    description: str | None = None,
    body: Mapping[str, Any] | None = None,
    comment: str = "",
    actor: User,
    client: Client | None = None,
) -> ExportDefinition:
    """Change name, description or content; a new content becomes a new version, an equal one does not.

    Raises NotFound, PermissionRefused, Locked (423), InvalidParameters, and StateConflict (409) when the definition
    has another version than ``expected_version`` by now, or is archived.
    """
    definition = _lock_changeable(key, actor)
    _refuse_archived(definition)
    if definition.version != expected_version:
        raise StateConflict(
            _("Somebody has changed this definition: it has version %(version)d now.")
            % {"version": definition.version},
            advice=_("Load it again and repeat your change."),
            details={"version": definition.version},
        )
    _check_texts(name=definition.name if name is None else name, description=description or "", comment=comment)
    changed = [field for field, value in (("name", name), ("description", description)) if value is not None]
    definition.name = definition.name if name is None else name
    definition.description = definition.description if description is None else description
    if body is not None:
        chosen = _dataset(definition.dataset)
        policy.may(actor, policy.Action.EXPORT_CREATE, chosen).or_refuse()
        checked = check_body(chosen, body, actor=actor)
        if checked != current_version(definition).body:
            definition.version += 1
            changed.append("body")
            _add_version(definition, checked, comment, actor)
    definition.updated_at = clock.now()
    _save(definition)
    details = {"changed": changed, "version": definition.version}
    _note(Operation.EXPORT_DEFINITION_UPDATE, definition, actor, client, details)
    return definition


@transaction.atomic
def share_definition(
    key: Any, *, shared: str, roles: Sequence[str] = (), actor: User, client: Client | None = None
) -> ExportDefinition:
    """Show it to people of some roles, to the whole company, or to nobody else. Raises as update_definition does."""
    definition = _lock_changeable(key, actor)
    check_sharing(shared, roles)
    definition.shared, definition.roles = shared, sorted(set(roles))
    _save(definition)
    details = {"shared": shared, "roles": definition.roles}
    _note(Operation.EXPORT_DEFINITION_SHARE, definition, actor, client, details)
    return definition


@transaction.atomic
def archive_definition(key: Any, *, actor: User, client: Client | None = None) -> ExportDefinition:
    """Take it out of use; its name is free again. Exports made with it stay. Raises as update_definition does."""
    definition = _lock_changeable(key, actor)
    _refuse_archived(definition)
    definition.archived_at = clock.now()
    _save(definition)
    _note(Operation.EXPORT_DEFINITION_ARCHIVE, definition, actor, client, {})
    return definition


@transaction.atomic
def restore_definition(key: Any, *, actor: User, client: Client | None = None) -> ExportDefinition:
    """Bring it back. Raises as update_definition does; InvalidParameters when its name has been taken since."""
    definition = _lock_changeable(key, actor)
    if definition.archived_at is None:
        raise StateConflict(_("This definition is not archived."))
    definition.archived_at = None
    _save(definition)
    _note(Operation.EXPORT_DEFINITION_RESTORE, definition, actor, client, {})
    return definition


def run_definition(
    key: Any,
    *,
    version: int | None = None,
    file_type: str | None = None,
    options: Mapping[str, Any] | None = None,
    source: str = "",
    actor: User,
    client: Client | None = None,
) -> ExportJob:
    """Queue an export of its newest (or the given) version, with the rights of ``actor``.

    Raises NotFound, StateConflict (archived), and what request_export raises.
    """
    definition = find_visible(key, actor)
    _refuse_archived(definition)
    named = {"definition": str(definition.pk)} | ({} if version is None else {"version": version})
    return services.request_export(
        dataset=CUSTOM, file_type=file_type, params=named, options=options, source=source, actor=actor, client=client
    )


def find_visible(key: Any, actor: User) -> ExportDefinition:
    """The definition with this id, if ``actor`` may see it. Raises NotFound otherwise: a stranger learns nothing."""
    visible = ExportDefinition.objects.visible_to(actor).select_related("owner")
    found: ExportDefinition | None = visible.filter(pk=read_id(key)).first()
    if found is None:
        raise NotFound(_("No such definition."))
    return found


def current_version(definition: ExportDefinition) -> DefinitionVersion:
    """The version that counts now."""
    return get_version(definition, definition.version)


def get_version(definition: ExportDefinition, number: int) -> DefinitionVersion:
    """A version by its number. Raises NotFound."""
    versions = DefinitionVersion.objects.select_related("created_by")
    found: DefinitionVersion | None = versions.filter(definition=definition, number=number).first()
    if found is None:
        raise NotFound(_("No such version."))
    return found


def check_body(dataset: Dataset, body: Any, *, actor: User) -> dict[str, Any]:
    """``body`` as it is stored. Raises InvalidParameters ("body.filters.2.value") and PermissionRefused (a mask)."""
    if not isinstance(body, Mapping):
        raise InvalidParameters(details={"body": [_("A JSON object is expected.")]})
    try:
        custom.refuse_unknown(body, BODY)
        selection = custom.read(dataset, body, zone=actor.zone)
        custom.refuse_masked(selection, actor)
        file_type, options = body.get("file_type", "csv"), body.get("options", {})
        if not isinstance(options, Mapping):
            raise InvalidParameters(details={"options": [_("A JSON object is expected.")]})
        file_format = formats.get(file_type)
        formats.FormatOptions.parse(options)
        file_format.check(options)
    except (InvalidParameters, PermissionRefused) as error:
        error.details = {f"body.{name}": words for name, words in error.details.items()}
        raise
    return selection.as_json() | {"file_type": file_type, "options": dict(options)}


def _all_of(*checks: Callable[[], Any]) -> list[Any]:
    """What each check answers. Raises one InvalidParameters that names what any of them refuses."""
    answers: list[Any] = []
    problems: dict[str, Any] = {}
    for check in checks:
        try:
            answers.append(check())
        except InvalidParameters as error:
            problems |= error.details
    if problems:
        raise InvalidParameters(details=problems)
    return answers


def _dataset(key: Any) -> Dataset:
    try:
        return datasets.get(key)
    except InvalidParameters as error:
        raise InvalidParameters(details={"dataset": error.details["type"]}) from error


def _add_version(definition: ExportDefinition, body: dict[str, Any], comment: str, actor: User) -> None:
    DefinitionVersion.objects.create(
        definition=definition,
        number=definition.version,
        body=body,
        comment=comment,
        created_by=actor,
        created_at=clock.now(),
    )


def _save(definition: ExportDefinition) -> None:
    """Insert or update. Raises InvalidParameters when the owner has another one of this name."""
    try:
        with transaction.atomic():
            definition.save()
    except IntegrityError as error:
        if "jobs_definition_name" not in str(error):
            raise
        words = _("There is a definition of this name already. Choose another name.")
        raise InvalidParameters(details={"name": [words]}) from error


def _lock_changeable(key: Any, actor: User) -> ExportDefinition:
    """The definition, locked for this transaction, if ``actor`` may change it."""
    seen = find_visible(key, actor)
    policy.may(actor, policy.Action.DEFINITION_CHANGE, seen).or_refuse()
    held = _("Somebody else is changing this definition at this moment.")
    locked: ExportDefinition = lock_row(ExportDefinition.objects.all(), seen.pk, held=held)
    return locked


def _refuse_archived(definition: ExportDefinition) -> None:
    if definition.archived_at is not None:
        raise StateConflict(_("This definition is archived. Restore it first."))


def _check_texts(*, name: str, description: str, comment: str) -> None:
    problems: dict[str, list[str]] = {}
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        words = _("1 to %(most)d printable characters, none of them a blank at the ends.")
        problems["name"] = [words % {"most": LONGEST_NAME}]
    for field, text in (("description", description), ("comment", comment)):
        if len(text) > LONGEST_TEXT or "\0" in text or not _is_whole(text):
            problems[field] = [_("At most %(most)d characters.") % {"most": LONGEST_TEXT}]
    if problems:
        raise InvalidParameters(details=problems)


def _is_whole(text: str) -> bool:
    """Whether PostgreSQL can store it: half of a surrogate pair it cannot."""
    return text.encode(errors="replace").decode() == text


def _note(
    operation: Operation, definition: ExportDefinition, actor: User, client: Client | None, details: dict[str, Any]
) -> None:
    audit.record(
        operation,
        actor=actor,
        resource=f"export_definition:{definition.pk}",
        details={"name": definition.name, "version": definition.version, **details},
        client=client,
    )
