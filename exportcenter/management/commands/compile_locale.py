"""``manage.py compile_locale``: translations from .po to .mo with Babel; no gettext programs are needed."""

import os
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from django.apps import AppConfig, apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Compile locale/*/LC_MESSAGES/*.po, of EXTRA_APPS too, to .mo where the .mo is missing or older."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        fresh = [path for path in sources() if is_stale(path)]
        for path in fresh:
            compile_file(path)
        self.stdout.write(f"translations: {len(fresh)} compiled, {len(sources()) - len(fresh)} up to date")


def sources() -> list[Path]:
    """Every .po file of the project and of a company's own apps."""
    own = [config for config in apps.get_app_configs() if {config.name, _class_path(config)} & set(settings.EXTRA_APPS)]
    folders = [*settings.LOCALE_PATHS, *(Path(config.path) / "locale" for config in own)]
    return sorted(path for folder in folders for path in Path(folder).glob("*/LC_MESSAGES/*.po"))


def _class_path(config: AppConfig) -> str:
    """How an app may be named in the settings, too: by its config."""
    return f"{type(config).__module__}.{type(config).__qualname__}"


def is_stale(source: Path) -> bool:
    """Whether ``source`` has no compiled file, or one that is older."""
    target = source.with_suffix(".mo")
    return not target.exists() or target.stat().st_mtime_ns < source.stat().st_mtime_ns


def compile_file(source: Path) -> None:
    """Write the .mo beside ``source``, in one step: a running server may read it at any moment."""
    try:
        with open(source, "rb") as file:
            catalog = read_po(file, locale=source.parent.parent.name, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        raise CommandError(f"{source}: {error}") from error
    target = source.with_suffix(".mo")
    building = target.with_name(f"{target.name}.{os.getpid()}")
    with open(building, "wb") as file:
        write_mo(file, catalog)
    building.replace(target)
