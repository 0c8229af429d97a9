"""``manage.py errors_document``: docs/errors.md from the registry of errors, in English and Chinese."""

from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from exportcenter.common.errors import all_errors
from exportcenter.environment import BASE_DIR
from exportcenter.error_codes import api_errors, client_codes, job_errors, ours

PATH = BASE_DIR / "docs" / "errors.md"
LANGUAGES = ("en", "zh-hans")
HEAD = """# Error codes

Made by `python manage.py errors_document` from the classes themselves; a test compares. A running server shows the
same, with what a company's own apps add, at `/docs/errors` and `GET /api/v1/errors`.
"""


class Command(BaseCommand):
    help = "Write docs/errors.md; with --check only say whether it is up to date (exit 1 when not)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        text = document()
        if options["check"]:
            if not PATH.exists() or PATH.read_text(encoding="utf-8") != text:
                raise CommandError("docs/errors.md is out of date. Run: python manage.py errors_document")
            return
        PATH.write_text(text, encoding="utf-8")
        self.stdout.write(f"{PATH.relative_to(BASE_DIR)}: {len(api_errors())} codes")


def document() -> str:
    """The text of docs/errors.md."""
    import_module("exportcenter.urls")  # the modules behind the addresses bring errors of their own
    return "\n".join([HEAD, *_answers(), *_jobs(), *_numbers()])


def _answers() -> list[str]:
    known = {error.code for error in all_errors() if ours(error)}
    lines = ["## Answers of the API", ""]
    for english, chinese in _both(api_errors):
        if english["code"] in known:
            lines += [
                f"### {english['code']}",
                "",
                f"HTTP {english['status']}, client API {english['client_code']}",
                "",
                f"- {english['message']} {english['advice']}".rstrip(),
                f"- {chinese['message']}{chinese['advice']}",
                "",
            ]
    return lines


def _jobs() -> list[str]:
    lines = ["## Failed jobs", "", "`error.code` of a job that has failed.", "", "| Code | | |", "|--|--|--|"]
    for english, chinese in _both(lambda: job_errors(only_ours=True)):
        lines.append(
            f"| `{english['code']}` | {english['message']} {english['advice']} "
            f"| {chinese['message']}{chinese['advice']} |"
        )
    return [*lines, ""]


def _numbers() -> list[str]:
    lines = ["## Numbers of the client API", "", "| `code` | | | Stands for |", "|--|--|--|--|"]
    known = {error.code for error in all_errors() if ours(error)}
    for english, chinese in _both(client_codes):
        codes = ", ".join(f"`{code}`" for code in english["codes"] if code in known)
        lines.append(f"| {english['client_code']} | {english['message']} | {chinese['message']} | {codes or '-'} |")
    return [*lines, ""]


def _both(source: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    said = []
    for language in LANGUAGES:
        with translation.override(language):
            said.append(source())
    return list(zip(*said, strict=True))
