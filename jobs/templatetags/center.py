"""Tags of the pages of exports and imports."""

from typing import Any

from django import template
from django.template.context import Context

from accounts import policy
from jobs.datasets import registry
from jobs.exports.pages.boot import boot_of, may_see_exports
from jobs.imports.pages.access import may_see_jobs
from jobs.imports.pages.choosing import why_closed

register = template.Library()


@register.inclusion_tag("jobs/exports/parts/header.html", takes_context=True)
def center_header(context: Context) -> dict[str, Any]:
    """What stands in the header of every page of the admin: running exports, notifications, a new export; with the
    facts that scripts begin with. A page that shows live things says in ``last_event`` what moment it is of."""
    request = context["request"]
    return {
        "boot": boot_of(request, last=str(context.get("last_event") or "")),
        "sees_exports": may_see_exports(request.user),
    }


@register.inclusion_tag("jobs/imports/parts/list_import.html", takes_context=True)
def list_import(context: Context) -> dict[str, Any]:
    """The button that imports into the table that a list of the admin shows, where files may write it (SPEC B1)."""
    request, listed = context["request"], context.get("cl")
    dataset = registry.first_over(listed.model) if listed is not None else None
    if dataset is None or dataset.importing is None or not may_see_jobs(request.user):
        return {}
    return {
        "dataset": dataset,
        "reason": why_closed(dataset, request.user),
        "source": request.path,
    }


@register.inclusion_tag("jobs/exports/parts/list_export.html", takes_context=True)
def list_export(context: Context) -> dict[str, Any]:
    """The button that exports what a list of the admin shows (SPEC U10): on the page of every table that a dataset is
    first over, without a word in its admin class. Who may not export the dataset reads why."""
    request, listed = context["request"], context.get("cl")
    dataset = registry.first_over(listed.model) if listed is not None else None
    if dataset is None or not may_see_exports(request.user):
        return {}
    return {
        "dataset": dataset,
        "reason": policy.may(request.user, policy.Action.EXPORT_CREATE, dataset).reason,
        "source": request.path,
        "query": request.GET.urlencode(),
    }
