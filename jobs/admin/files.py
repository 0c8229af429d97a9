"""What the page of an export says about its files: what they are, the parts, and how to get them."""

import shlex
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts import policy
from accounts.models import User
from jobs.exports import links, planning
from jobs.exports.facts import Facts
from jobs.exports.pages.detail import Part, parts_of
from jobs.exports.pages.rows import has_file
from jobs.models import ExportJob

LARGE = 100 << 20
"""Bytes from which a transfer may well break off."""


def shown(job: ExportJob, viewer: User, request: HttpRequest) -> dict[str, Any]:
    """Context of the page: ``file_facts`` (pairs), ``parts``, and ``resume_command`` of a large one for
    those who may download."""
    facts = planning.shown_facts(job, viewer)
    allowed = has_file(job) and bool(policy.may(viewer, policy.Action.EXPORT_DOWNLOAD, job))
    parts = parts_of(job, viewer, reverse("admin:jobs_exportjob_download", args=[job.pk]))
    large = bool(parts) or (job.file_size or 0) >= LARGE
    return {
        "file_facts": Facts.read(facts).lines() if facts else [],
        "parts": parts,
        "resume_command": _resume(job, viewer, request, parts) if allowed and large else "",
    }


def _resume(job: ExportJob, viewer: User, request: HttpRequest, parts: list[Part]) -> str:
    """A command that gets the file, or its first part, and goes on where it stopped when it is run again."""
    address = links.absolute(request, job, links.link_for(job, viewer))
    name = job.file_name
    if parts:
        address, name = f"{address}&part=1", parts[0].name
    # In double quotes, so that the shell puts the token in.
    return f'curl -C - -o {shlex.quote(name)} -H "Authorization: Bearer $TOKEN" {shlex.quote(address)}'
