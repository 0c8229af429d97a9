"""How the page opens: by what its address says, or with a saved view (SPEC U7)."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from exportcenter.common.errors import NotFound
from jobs.exports.filters import ORDERINGS
from jobs.exports.pages import query
from jobs.pages import saved_views
from jobs.pages.builtin_views import BuiltInView


@dataclass(frozen=True)
class Opened:
    """The view that is shown.

    Attributes:
        key: its id, or empty
        name: what people call it
        changed: whether other filters than the view's are set by now, or another order
        may_change: whether the reader may rename or delete it
    """

    key: str = ""
    name: str = ""
    changed: bool = False
    may_change: bool = False


def open_page(given: QueryDict, viewer: User, *, default: str | None) -> tuple[query.PageQuery, Opened]:
    """What to list. An address without filters means its view, or ``default``, which the reader has chosen; a view of
    the address that is gone, or says what no longer exists, is told about among the problems."""
    asked = query.read(given, viewer)
    wanted = asked.view or ("" if asked.is_narrowed or asked.problems else default or "")
    if wanted in ("", query.NO_VIEW):
        asked.view = wanted
        return asked, Opened()
    try:
        view: Any = saved_views.find_visible(wanted, viewer)
    except NotFound:
        if asked.view:
            asked.problems.append(_("This view has been deleted, or is not shared with you."))
        asked.view = ""
        return asked, Opened()
    built_in = isinstance(view, BuiltInView)
    own = query.read(query.of_view(view.query_for(viewer) if built_in else view.query), viewer)
    usual = own.ordering
    if not asked.is_narrowed:
        own.problems = [*asked.problems, *own.problems]
        if given.get("ordering") in ORDERINGS:
            own.ordering = asked.ordering
        asked = own
    changed = asked.given != own.given or asked.ordering != usual
    asked.view = wanted
    name = str(view.title) if built_in else view.name
    return asked, Opened(wanted, name, changed, may_change=not built_in and view.owner_id == viewer.pk)
