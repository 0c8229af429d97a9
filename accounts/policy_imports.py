"""Rules about imports; accounts.policy asks them."""

from collections.abc import Callable
from typing import Any, Protocol

from django.utils.translation import gettext as _

from accounts.decisions import YES, Decision
from accounts.models import User
from accounts.models.tenant import Kind as TenantKind


class Dataset(Protocol):
    """What the rules need to know of a dataset."""

    key: str
    title: Any
    platform_only: bool


def sees_all_imports(user: User) -> bool:
    """Whether ``user`` sees the imports of everybody: the rule behind both IMPORT_VIEW and lists."""
    return "jobs.see.all" in user.permissions


def right(verb: str, reason: str) -> Callable[[User, Any], Decision]:
    """Rule: ``user`` may import into a dataset in this way; ``reason`` for the others."""

    def rule(user: User, dataset: Dataset) -> Decision:
        if dataset.platform_only and user.tenant.kind != TenantKind.PLATFORM:
            return Decision(False, _("“%(dataset)s” is not for client companies.") % {"dataset": dataset.title})
        if f"import.{dataset.key}.{verb}" in user.permissions:
            return YES
        return Decision(False, _(reason) % {"dataset": dataset.title})

    return rule


def view(user: User, job: Any) -> Decision:
    """Whether ``user`` may see it; a stranger learns nothing."""
    if job.owner_id == user.pk or sees_all_imports(user):
        return YES
    return Decision(False, _("No such job."), hidden=True)


def change(user: User, job: Any) -> Decision:
    """Whether ``user`` may confirm it, cancel it, and so on."""
    if not (seen := view(user, job)):
        return seen
    if job.owner_id == user.pk or "jobs.manage" in user.permissions:
        return YES
    return Decision(False, _("Only the person who began this import, or an admin, may do that."))


def content(user: User, job: Any) -> Decision:
    """Whether ``user`` may read what the file says in full: who sent it knows it, others may know contact data."""
    seen = view(user, job)
    if seen and job.owner_id != user.pk and "data.contact" not in user.permissions:
        return Decision(
            False,
            _("The rows may hold contact data, which your role does not see. Ask the person who sent the file."),
        )
    return seen
