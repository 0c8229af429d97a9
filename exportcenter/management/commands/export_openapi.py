"""``manage.py export_openapi``: the description of the API as files, for those who build against it (SPEC A7, D1)."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from exportcenter.api_document import files
from exportcenter.environment import BASE_DIR

FOLDER = BASE_DIR / "docs" / "openapi"


class Command(BaseCommand):
    help = "Write docs/openapi anew from the declarations in the code; --check: only say what differs."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; exit 1 when a file is out of date.")
        parser.add_argument("--folder", type=Path, default=FOLDER, help="Where else to write.")

    def handle(self, *args: Any, check: bool, folder: Path, **options: Any) -> None:
        made = files()
        old = {path.name: path.read_text() for path in folder.glob("*.yaml")}
        stale = sorted(name for name in made.keys() | old.keys() if made.get(name) != old.get(name))
        if check and stale:
            raise CommandError(f"out of date: {', '.join(stale)}. Run: manage.py export_openapi")
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            for name in stale:
                if name in made:
                    (folder / name).write_text(made[name])
                else:
                    (folder / name).unlink()
        self.stdout.write(f"openapi: {len(made)} files, {0 if check else len(stale)} written")
