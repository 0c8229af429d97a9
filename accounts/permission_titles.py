"""How permissions read on the role page: grouped, each with a sentence."""

from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from accounts.models import Permission

GROUPS = {
    "class": gettext_noop("Download by class of data"),
    "export": gettext_noop("Exports by dataset"),
    "import": gettext_noop("Imports by dataset"),
    "jobs": gettext_noop("Exports of other people"),
    "data": gettext_noop("What is shown of the data"),
    "admin": gettext_noop("Admin"),
    "client": gettext_noop("Client portal"),
}


def _same(key: str) -> str:
    return key


_dataset_title: Callable[[str], str] = _same


def name_datasets(lookup: Callable[[str], str]) -> None:
    """Tell this app how datasets are called; it lies below the one that knows them."""
    global _dataset_title  # noqa: PLW0603 - set once at start-up
    _dataset_title = lookup


def group_of(code: str) -> str:
    """The key in GROUPS under which ``code`` is listed."""
    if ":" in code:
        return "client"
    if code.startswith("export.class."):
        return "class"
    return code.partition(".")[0]


def label(permission: Permission) -> str:
    """What the permission allows, in words."""
    parts = permission.code.split(".")
    if group_of(permission.code) in ("export", "import") and len(parts) == 3:
        verbs = {
            "create": pgettext("permission", "create"),
            "download": pgettext("permission", "download"),
            "update": pgettext("permission", "change"),
        }
        return f"{_dataset_title(parts[1])} · {verbs.get(parts[2], parts[2])}"
    return _(permission.title) if permission.title else permission.code


def grouped(permissions: Iterable[Permission]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Choices for a form: (group title, [(code, label)]), in the order of GROUPS, unknown groups last."""
    groups: dict[str, list[tuple[str, str]]] = {key: [] for key in GROUPS}
    for permission in permissions:
        groups.setdefault(group_of(permission.code), []).append((permission.code, label(permission)))
    return [(_(GROUPS.get(key, key)), choices) for key, choices in groups.items() if choices]
