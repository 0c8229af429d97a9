"""Saved views as JSON."""

from typing import Any

from accounts import policy
from accounts.models import Role, User
from jobs.pages import builtin_views, saved_views
from jobs.pages.builtin_views import BuiltInView
from jobs.pages.saved_views import View, default_of, key_of
from jobs.sharing import Sharing


def present_list(page: str, *, viewer: User) -> list[dict[str, Any]]:
    """Those of the product, the own ones, those of others."""
    saved = saved_views.visible_views(page=page, actor=viewer)  # refuses a page without views
    views: list[View] = [*builtin_views.of_page(page), *saved]
    default = default_of(page, viewer)
    return [_present(view, viewer, default) for view in views]


def present_roles() -> list[dict[str, str]]:
    """The company's roles, which a view can be shared with."""
    return [{"key": role.key, "title": str(role)} for role in Role.objects.order_by("key")]


def present(view: View, *, viewer: User) -> dict[str, Any]:
    """One view."""
    return _present(view, viewer, default_of(view.page, viewer))


def _present(view: View, viewer: User, default: str | None) -> dict[str, Any]:
    facts = _built_in(view, viewer) if isinstance(view, BuiltInView) else _saved(view, viewer)
    return facts | {"default": key_of(view) == default}


def _built_in(view: BuiltInView, viewer: User) -> dict[str, Any]:
    return {
        "id": view.key,
        "name": str(view.title),
        "builtin": True,
        "page": view.page,
        "query": view.query_for(viewer),
        "shared": Sharing.TENANT.value,
        "roles": [],
        "owner": None,
        "mine": False,
        "may_change": False,
    }


def _saved(view: Any, viewer: User) -> dict[str, Any]:
    return {
        "id": str(view.pk),
        "name": view.name,
        "builtin": False,
        "page": view.page,
        "query": view.query,
        "shared": view.shared,
        "roles": view.roles,
        "owner": {"code": view.owner.code, "name": view.owner.display_name},
        "mine": view.owner_id == viewer.pk,
        "may_change": bool(policy.may(viewer, policy.Action.SAVED_VIEW_CHANGE, view)),
    }
