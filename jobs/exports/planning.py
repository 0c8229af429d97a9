"""From a request to what it reads: the one place where a request becomes a plan."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts import policy
from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.errors import InvalidParameters, PermissionRefused
from jobs import datasets, formats
from jobs.datasets import CUSTOM, Dataset, custom
from jobs.datasets.query import Plan, plan
from jobs.datasets.words import describe_params
from jobs.formats import Format
from jobs.models import DefinitionVersion, ExportDefinition, ExportJob


@dataclass(frozen=True)
class Request:
    """What somebody asks for, before it is fixed.

    Attributes:
        type: key of a dataset, or CUSTOM
        dataset: whose rows are read; its rights count
        params: the dataset's filters, or the body of a custom selection
        columns: keys, or None for the default ones; custom selections name theirs in ``params``
        version: of the definition that is run; None when none is
    """

    type: str
    dataset: Dataset
    params: Mapping[str, Any]
    columns: Sequence[str] | None
    file_type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    version: DefinitionVersion | None = None


def dataset_of(job: ExportJob) -> Dataset:
    """The dataset whose rows ``job`` reads. Raises InvalidParameters when it is gone."""
    return datasets.get(job.dataset)


def writer_of(job: ExportJob) -> Format:
    """The format of the job's file, with its options, in its zone. Raises InvalidParameters when it is gone."""
    return formats.get(job.file_type)(formats.FormatOptions.parse(job.options), ZoneInfo(job.time_zone))


def plan_for(job: ExportJob, viewer: User) -> Plan:
    """What ``viewer`` gets for the request that ``job`` holds, with the rights of this moment.

    Raises InvalidParameters for filters or columns that do not (or no longer) exist, PermissionRefused where a filter
    could tell what a mask hides.
    """
    return plan_fixed(job.type, job.params, job.columns, viewer=viewer, zone=ZoneInfo(job.time_zone))


def plan_fixed(
    type_key: str, params: Mapping[str, Any], columns: Sequence[str] | None, *, viewer: User, zone: ZoneInfo
) -> Plan:
    """The same for a request that is fixed but no job yet. Raises as plan_for does."""
    if type_key != CUSTOM:
        return plan(datasets.get(type_key), viewer=viewer, params=params, columns=columns, zone=zone)
    # Days are those of the zone in which they were fixed, whoever repeats the job.
    zone = ZoneInfo(params["zone"])
    selection = custom.read(datasets.get(params["dataset"]), _parts(params), zone=zone, fixed=True)
    return custom.plan_selection(selection, viewer=viewer, zone=zone)


def read_request(
    *,
    type_key: str,
    file_type: str | None,
    params: Any,
    columns: Sequence[str] | None,
    options: Mapping[str, Any] | None,
    actor: User,
) -> Request:
    """Find the dataset and, for a definition, what it says. Raises InvalidParameters.

    ``file_type`` and ``options`` left out are those of the definition; options belong to a file type, so that another
    file type begins without any.
    """
    if type_key != CUSTOM:
        dataset = datasets.get(type_key, also=[CUSTOM])
        return Request(type_key, dataset, params, columns, _or_csv(file_type), options or {})
    if columns is not None:
        raise InvalidParameters(details={"columns": [_("A custom export names its columns in params.")]})
    if not isinstance(params, Mapping):
        raise InvalidParameters(details={"params": [_("A JSON object is expected.")]})
    if "definition" not in params:
        with _under_params():
            custom.refuse_unknown(params, ("dataset", *custom.PARTS))
        dataset = _dataset_named(params.get("dataset"))
        return Request(CUSTOM, dataset, params, None, _or_csv(file_type), options or {})
    version = _find_version(params, actor)
    saved = version.body
    if options is None:
        options = saved.get("options", {}) if file_type in (None, saved["file_type"]) else {}
    dataset = _dataset_named(version.definition.dataset)
    return Request(CUSTOM, dataset, _parts(saved), None, file_type or saved["file_type"], options, version)


def fix(request: Request, *, actor: User) -> tuple[dict[str, Any], list[str] | None]:
    """Parameters and columns as the job stores them: what they mean no longer depends on the day of the run.

    Raises InvalidParameters naming each wrong place, PermissionRefused for a masked column.
    """
    if request.type != CUSTOM:
        columns = None if request.columns is None else list(request.columns)
        return dict(request.params), columns
    with _under_params():
        selection = custom.read(request.dataset, _parts(request.params), zone=actor.zone)
        custom.refuse_masked(selection, actor)
    selection = selection.fixed(clock.now().astimezone(actor.zone).date())
    params = {"dataset": request.dataset.key, "zone": actor.zone.key} | selection.as_json()
    if request.version is not None:
        definition = request.version.definition
        params |= {"definition": str(definition.pk), "version": request.version.number, "name": definition.name}
    return params, [chosen.column.key for chosen in selection.columns]


def shown_params(job: ExportJob, viewer: User) -> dict[str, Any]:
    """The parameters as ``viewer`` may read them: without values that a mask would hide."""
    if job.type == CUSTOM and not policy.may(viewer, policy.Action.CONTACT_DATA):
        try:
            return custom.hide_masked(dataset_of(job), job.params)
        except InvalidParameters:  # the dataset is gone, and with it the knowledge of what was masked
            return {"dataset": job.dataset}
    params: dict[str, Any] = job.params
    return params


def shown_facts(job: ExportJob, viewer: User) -> dict[str, Any] | None:
    """The facts of the file as ``viewer`` may read them: filters by the same rule, totals for those who may have the
    file only, since they tell of its content."""
    facts: dict[str, Any] | None = job.facts
    if facts and not policy.may(viewer, policy.Action.EXPORT_DOWNLOAD, job):
        facts = {**facts, "totals": {}}
    if not facts or job.type != CUSTOM or policy.may(viewer, policy.Action.CONTACT_DATA):
        return facts
    try:
        return {**facts, "filters": describe_params(dataset_of(job), shown_params(job, viewer))}
    except InvalidParameters:
        return {**facts, "filters": []}


@contextmanager
def _under_params() -> Iterator[None]:
    """Names of wrong places inside begin with "params."."""
    try:
        yield
    except (InvalidParameters, PermissionRefused) as error:
        error.details = {f"params.{name}": words for name, words in error.details.items()}
        raise


def _or_csv(file_type: str | None) -> str:
    return "csv" if file_type is None else file_type


def _parts(body: Mapping[str, Any]) -> dict[str, Any]:
    return {part: body[part] for part in custom.PARTS if part in body}


def _dataset_named(key: Any) -> Dataset:
    try:
        return datasets.get(key)
    except InvalidParameters as error:
        raise InvalidParameters(details={"params.dataset": error.details["type"]}) from error


def _find_version(params: Mapping[str, Any], actor: User) -> DefinitionVersion:
    """The version that {"definition", "version"?} names: the newest unless said otherwise."""
    with _under_params():
        custom.refuse_unknown(params, ("definition", "version"))
    try:
        key = UUID(params["definition"])
    except (ValueError, TypeError, AttributeError):
        key = UUID(int=0)
    definition = ExportDefinition.objects.visible_to(actor).filter(pk=key).first()
    if definition is None:
        raise InvalidParameters(details={"params.definition": [_("No such definition.")]})
    if definition.archived_at is not None:
        raise InvalidParameters(details={"params.definition": [_("This definition is archived. Restore it first.")]})
    number = params.get("version", definition.version)
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= definition.version:
        words = _("A whole number from 1 to %(most)d is expected.") % {"most": definition.version}
        raise InvalidParameters(details={"params.version": [words]})
    found: DefinitionVersion = DefinitionVersion.objects.select_related("definition").get(
        definition=definition, number=number
    )
    return found
