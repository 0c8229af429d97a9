"""The dialog of a new export, as the part of a page that scripts show (SPEC U10): what to export, then its form.

Estimates, creation and saved definitions go through the API; here nothing is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _

from accounts import policy
from accounts.models import User
from exportcenter.common.errors import ExportCenterError, InvalidParameters, NotFound, PermissionRefused, StateConflict
from jobs import datasets
from jobs.datasets import CUSTOM, Dataset
from jobs.datasets.words import describe_order, describe_params
from jobs.exports import catalogue, definitions, services
from jobs.exports.definitions_presenting import shown_body
from jobs.exports.pages import list_query, new_form, new_start
from jobs.exports.pages.views import staff_page
from jobs.requesting import is_source

FIXED = frozenset({"dataset", "zone", "definition", "version", "name"})
"""Of a custom job's parameters: what a new request does not say, or says itself."""


@dataclass
class Draft:
    """What the form is filled with.

    Attributes:
        wish: parameters that are asked for as they are, without inputs: of a definition, or of a custom export
        columns: keys in order, or None for the usual ones
        shown: what of a wish is shown in words: its body
    """

    dataset: Dataset
    file_type: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    columns: list[str] | None = None
    source: str = ""
    name: str = ""
    notes: list[str] = field(default_factory=list)
    page: list_query.PageShown | None = None
    wish: dict[str, Any] | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    definition: Any = None


@staff_page
def new_export(request: HttpRequest) -> HttpResponse:
    """?dataset= (&source=, &query= of its page), ?definition= or ?again=<number of an own export>: the form; without
    any of them: everything to choose from. What is wrong is answered as JSON in words, for the script."""
    viewer = cast(User, request.user)
    try:
        draft = _draft(request, viewer)
    except ExportCenterError as error:
        body = {"code": error.code, "message": error.message, "advice": error.advice, "details": error.details}
        return JsonResponse(body, status=error.status)
    source = _source(request)
    if draft is None:
        return render(request, "jobs/exports/new/start.html", {**new_start.choices_for(viewer), "source": source})
    draft.source = source
    return render(request, "jobs/exports/new/form.html", _context(draft, viewer))


def _draft(request: HttpRequest, viewer: User) -> Draft | None:
    given = request.GET
    if given.get("definition"):
        return _by_definition(given["definition"], viewer)
    if given.get("again"):
        return _again(given["again"], viewer)
    if given.get("dataset"):
        return _of_dataset(given["dataset"], request, viewer)
    return None


def _of_dataset(key: str, request: HttpRequest, viewer: User) -> Draft:
    """Empty, or filled with what the dataset's page in the admin shows."""
    try:
        dataset = datasets.get(key)
    except InvalidParameters:
        raise NotFound(_("There is no data called “%(name)s”.") % {"name": key[:100].replace("\0", "")}) from None
    policy.may(viewer, policy.Action.EXPORT_CREATE, dataset).or_refuse()
    draft = Draft(dataset)
    address = list_query.address_of(dataset)
    if address and request.GET.get("source") == address:
        draft.page = list_query.read_page(dataset, QueryDict(request.GET.get("query", "").removeprefix("?")), request)
        draft.params, draft.columns, draft.notes = draft.page.params, draft.page.columns or None, draft.page.left_out
    return draft


def _by_definition(key: str, viewer: User) -> Draft:
    """A saved definition in its newest version: shown in words, run as it is."""
    definition = definitions.find_visible(key.replace("\0", ""), viewer)
    if definition.archived_at is not None:
        raise StateConflict(_("This definition is archived. Restore it first."))
    dataset = _still(definition.dataset)
    policy.may(viewer, policy.Action.EXPORT_CREATE, dataset).or_refuse()
    body = definitions.current_version(definition).body
    draft = Draft(dataset, body["file_type"], body.get("options", {}), name=definition.name, definition=definition)
    draft.wish = {"definition": str(definition.pk), "version": definition.version}
    draft.shown = shown_body(definition, body, viewer)
    return draft


def _again(number: str, viewer: User) -> Draft:
    """The same as an export that this person has asked for before."""
    job = services.find_visible(number, viewer)
    dataset = new_start.dataset_now(job, viewer) if job.owner_id == viewer.pk else None
    if dataset is None:
        raise PermissionRefused(_("This export cannot be repeated with your rights of today."))
    draft = Draft(dataset, job.file_type, job.options, columns=job.columns)
    if job.type != CUSTOM:
        gone = new_form.unknown_params(dataset, job.params)
        draft.params = {name: value for name, value in job.params.items() if name not in gone}
        words = _("The filter “%(name)s” does not exist any more and is left out.")
        draft.notes = [words % {"name": name[:100]} for name in gone]
        return draft
    body = {name: value for name, value in job.params.items() if name not in FIXED}
    body["filters"] = [
        {name: value for name, value in said.items() if name != "period"} for said in body.get("filters", [])
    ]
    draft.wish, draft.shown = {"dataset": dataset.key, **body}, job.params
    draft.name = str(job.params.get("name", ""))
    return draft


def _still(key: str) -> Dataset:
    try:
        return datasets.get(key)
    except InvalidParameters:
        raise NotFound(_("The data of this definition does not exist any more.")) from None


def _source(request: HttpRequest) -> str:
    """Where the dialog was opened: what the API would refuse is no source."""
    given = request.GET.get("source", "")
    return given if is_source(given) else ""


def _context(draft: Draft, viewer: User) -> dict[str, Any]:
    dataset = draft.dataset
    known = {column.key for column in dataset.columns}
    columns = [key for key in draft.columns or catalogue.default_keys(dataset) if key in known]
    context: dict[str, Any] = {
        "draft": draft,
        "dataset": dataset,
        "facts": {
            "type": CUSTOM if draft.wish is not None else dataset.key,
            "dataset": dataset.key,
            "source": draft.source,
            "wish": draft.wish,
        },
        "mask_reason": policy.may(viewer, policy.Action.CONTACT_DATA).reason,
        "definition_url": reverse("admin:jobs_exportdefinition_change", args=["00000000-0000-0000-0000-000000000000"]),
        **catalogue.file_choices(draft.file_type, draft.options),
    }
    if draft.wish is not None:
        titles = {column.key: str(column.title) for column in dataset.columns}
        said = draft.shown.get("columns") or []
        return context | {
            "conditions": describe_params(dataset, draft.shown),
            "order": describe_order(dataset, draft.shown),
            "headings": [one.get("label") or titles.get(one["key"], one["key"]) for one in said]
            or [titles[key] for key in catalogue.default_keys(dataset)],
        }
    inputs = new_form.inputs_of(dataset, draft.params)
    sets = new_form.column_sets(dataset, draft.page.columns if draft.page else [])
    context["facts"] |= {
        "defaults": catalogue.default_keys(dataset),
        "sets": {one.key: one.columns for one in sets},
        "conditions": {one.name: one.condition for one in inputs if one.condition},
        "titles": {one.name: one.title for one in inputs},
        "yes_no": [one.name for one in inputs if one.kind == catalogue.SELECT],
    }
    return context | {
        "inputs": inputs,
        "periods": new_form.periods_for(dataset, viewer),
        "columns": catalogue.columns_of(dataset, columns, viewer),
        "sets": sets,
    }


new_export_urls = [path("new", new_export, name="exports-page-new")]
