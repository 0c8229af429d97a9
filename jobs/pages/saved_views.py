"""What people do with saved views: filters and order of a list under a name (SPEC U7).

A view gives no right to data: whoever opens it sees what the list shows them anyway. What it says is not compared with
the filters there are, because those come and go; the page passes over what it does not know.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.audit import Operation
from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.client import Client
from exportcenter.common.database import lock_by_name
from exportcenter.common.errors import InvalidParameters, NotFound, PermissionRefused, StateConflict
from exportcenter.common.ids import read_id
from jobs.models import SavedView
from jobs.pages.builtin_views import BUILT_IN, BuiltInView
from jobs.pages.preferences import EXPORTS, get_preference, set_preference
from jobs.sharing import Sharing, check_sharing

PAGES = (EXPORTS,)
LONGEST_NAME = 60
MOST_VIEWS = 100
"""Of one person."""
MOST_SHARED = 500
"""Views of others that a list shows."""
MOST_FILTERS = 40
LONGEST_FILTER = 60
MOST_TEXTS = 100
LONGEST_TEXT = 500
LARGEST_QUERY = 8 << 10
"""Characters of all names and texts together."""
View = SavedView | BuiltInView


def visible_views(*, page: str, actor: User) -> list[SavedView]:
    """The own views of ``page`` by name, then those that others share with ``actor``, at most MOST_SHARED."""
    check_page(page)
    views = SavedView.objects.visible_to(actor).filter(page=page).select_related("owner").order_by("name", "id")
    return [*views.filter(owner=actor), *views.exclude(owner=actor)[:MOST_SHARED]]


@transaction.atomic
def create_view(
    *,
    page: str,
    name: str,
    query: Any,
    shared: str = Sharing.PRIVATE,
    roles: Sequence[str] = (),
    actor: User,
    client: Client | None = None,
) -> SavedView:
    """Save a view of ``actor``. Raises InvalidParameters (400), and StateConflict (409) when the name is taken or there
    are too many."""
    check_page(page)
    _check(name, query)
    check_sharing(shared, roles)
    lock_by_name(f"saved_view:{actor.pk}")  # one at a time for each person: two tabs cannot pass the limit together
    if SavedView.objects.filter(owner=actor).count() >= MOST_VIEWS:
        raise StateConflict(
            _("You have %(most)d saved views already.") % {"most": MOST_VIEWS},
            advice=_("Delete one that you no longer need."),
        )
    now = clock.now()
    view = SavedView(
        owner=actor,
        page=page,
        name=name,
        query=query,
        shared=shared,
        roles=sorted(set(roles)),
        created_at=now,
        updated_at=now,
    )
    _save(view)
    if shared != Sharing.PRIVATE:
        _note_sharing(view, actor, client)
    return view


@transaction.atomic
def update_view(
    key: Any,
    *,
    name: str | None = None,
    query: Any = None,
    shared: str | None = None,
    roles: Sequence[str] | None = None,
    actor: User,
    client: Client | None = None,
) -> SavedView:
    """Change what is given; ``shared`` without roles means none. The last write wins.

    Raises NotFound, PermissionRefused (403, not the owner), and what create_view raises.
    """
    view = _lock_own(key, actor)
    before = (view.shared, view.roles)
    if roles is None:
        roles = view.roles if shared is None else ()
    shared = view.shared if shared is None else shared
    name, query = view.name if name is None else name, view.query if query is None else query
    _check(name, query)
    check_sharing(shared, roles)
    view.name, view.query, view.shared, view.roles = name, query, shared, sorted(set(roles))
    view.updated_at = clock.now()
    _save(view)
    if (view.shared, view.roles) != before:
        _note_sharing(view, actor, client)
    return view


@transaction.atomic
def delete_view(key: Any, *, actor: User, client: Client | None = None) -> None:
    """Remove it for everybody. Whoever had it as default has none from now on. Raises as update_view does."""
    view = _lock_own(key, actor)
    if view.shared != Sharing.PRIVATE:
        view.shared, view.roles = Sharing.PRIVATE, []
        _note_sharing(view, actor, client)
    view.delete()


def make_default(key: Any, *, actor: User) -> View:
    """Let the page open with this view from now on. Raises NotFound."""
    view = find_visible(key, actor)
    set_preference(page=view.page, value={"default_view": key_of(view)}, merge=True, actor=actor)
    return view


def unmake_default(key: Any, *, actor: User) -> View:
    """Let the page open without a view, if it opens with this one. Raises NotFound."""
    view = find_visible(key, actor)
    if default_of(view.page, actor) == key_of(view):
        set_preference(page=view.page, value={"default_view": None}, merge=True, actor=actor)
    return view


def default_of(page: str, actor: User) -> str | None:
    """Id of the view with which the page opens for ``actor``. None also when it is gone, or hidden by now."""
    wanted = get_preference(page=page, user_id=actor.pk)["default_view"]
    return wanted if wanted is not None and _is_there(wanted, page, actor) else None


def find_visible(key: Any, actor: User) -> View:
    """The view with this id, if ``actor`` may see it. Raises NotFound otherwise: a stranger learns nothing."""
    built_in = BUILT_IN.get(key)
    return built_in if built_in is not None else _find_saved(key, actor)


def key_of(view: View) -> str:
    """Its id as a text."""
    return view.key if isinstance(view, BuiltInView) else str(view.pk)


def check_page(page: str) -> None:
    """Raise InvalidParameters unless there are views of ``page``."""
    if page not in PAGES:
        raise InvalidParameters(details={"page": [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(PAGES)}]})


def _is_there(key: str, page: str, actor: User) -> bool:
    try:
        return find_visible(key, actor).page == page
    except NotFound:
        return False


def _find_saved(key: Any, actor: User) -> SavedView:
    visible = SavedView.objects.visible_to(actor).select_related("owner")
    found: SavedView | None = visible.filter(pk=read_id(key)).first()
    if found is None:
        raise NotFound(_("No such view."))
    return found


def _lock_own(key: Any, actor: User) -> SavedView:
    """The view, locked for this transaction, if ``actor`` may change it."""
    if key in BUILT_IN:
        raise PermissionRefused(_("Nobody can change this view. Save one of your own."))
    seen = _find_saved(key, actor)
    policy.may(actor, policy.Action.SAVED_VIEW_CHANGE, seen).or_refuse()
    rows = SavedView.objects.select_for_update(of=("self",)).select_related("owner")
    locked: SavedView | None = rows.filter(pk=seen.pk).first()
    if locked is None:
        raise NotFound(_("No such view."))
    return locked


def _save(view: SavedView) -> None:
    """Insert or update. Raises StateConflict when the owner has another one of this name on the page."""
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        if "jobs_savedview_name" not in str(error):
            raise
        words = _("You have a view of this name already. Choose another name.")
        raise StateConflict(words, details={"name": [words]}) from error


def _check(name: str, query: Any) -> None:
    problems: dict[str, list[str]] = {}
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        words = _("1 to %(most)d printable characters, none of them a blank at the ends.")
        problems["name"] = [words % {"most": LONGEST_NAME}]
    if not isinstance(query, Mapping) or len(query) > MOST_FILTERS:
        words = _("An object of at most %(most)d filters is expected.")
        problems["query"] = [words % {"most": MOST_FILTERS}]
    else:
        problems |= {place: [words] for place, words in map(_filter_problem, query.items()) if words}
    if not problems and _length(query) > LARGEST_QUERY:
        problems["query"] = [_("At most %(most)d characters.") % {"most": LARGEST_QUERY}]
    if problems:
        raise InvalidParameters(details=problems)


def _length(query: Mapping[str, list[str]]) -> int:
    return sum(len(name) + sum(len(text) for text in texts) for name, texts in query.items())


def _filter_problem(item: tuple[str, Any]) -> tuple[str, str]:
    """(place, what is allowed there; empty = it is fine) of one filter."""
    name, texts = item
    place = f"query.{name[:100]}"
    if not 0 < len(name) <= LONGEST_FILTER or not name.isprintable():
        return place, _("1 to %(most)d printable characters are expected.") % {"most": LONGEST_FILTER}
    fine = isinstance(texts, list) and 0 < len(texts) <= MOST_TEXTS
    if not fine or not all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in texts):
        words = _("A list of 1 to %(most)d texts of at most %(longest)d characters is expected.")
        return place, words % {"most": MOST_TEXTS, "longest": LONGEST_TEXT}
    return place, ""


def _note_sharing(view: SavedView, actor: User, client: Client | None) -> None:
    audit.record(
        Operation.SAVED_VIEW_SHARE,
        actor=actor,
        resource=f"saved_view:{view.pk}",
        details={"page": view.page, "name": view.name, "shared": view.shared, "roles": view.roles},
        client=client,
    )
