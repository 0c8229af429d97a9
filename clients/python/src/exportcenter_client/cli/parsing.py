"""Words of the command line, and what they mean."""

import argparse
import json
from pathlib import Path
from typing import Any

from exportcenter_client.cli.codes import TABLE
from exportcenter_client.version import VERSION

SCOPES = "exports:read,exports:write,exports:download,imports:read,imports:write,definitions:read,events:read"
"""What a token needs for the commands of exports and imports."""


class WrongWords(ValueError):
    """A word that cannot be understood."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    common = argparse.ArgumentParser(add_help=False)
    # No defaults here: before and after the subcommand they mean the same, and the latter must not undo the former.
    unsaid = argparse.SUPPRESS
    common.add_argument("--url", default=unsaid, help="the server; else EXPORTCENTER_URL, else the one signed in to")
    common.add_argument("--config", type=Path, default=unsaid, help="file of the sign-in")
    as_json = "results as JSON; lists and logs one value per line"
    common.add_argument("--json", action="store_true", default=unsaid, help=as_json)
    common.add_argument("--quiet", action="store_true", default=unsaid, help="no progress, no notes")
    top = argparse.ArgumentParser(
        prog="exportcenter",
        description="Exports and imports from the command line.",
        epilog=TABLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
    )
    top.add_argument("--version", action="version", version=VERSION)
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    _exports(commands.add_parser("exports", help="ask for exports, follow and download them"), common)
    _imports(commands.add_parser("imports", help="make rows of a file, and take them back"), common)
    commands.add_parser("datasets", parents=[common], help="what can be exported")
    _wish(commands.add_parser("estimate", parents=[common], help="what an export would be")).add_argument(
        "--exact", action="store_true", help="have the rows counted"
    )
    commands.add_parser("definitions", parents=[common], help="custom exports that have a name")
    login = commands.add_parser("login", parents=[common], help="sign in for the commands that follow")
    how = login.add_mutually_exclusive_group()
    how.add_argument("--username", help="with a password, which is asked for")
    how.add_argument("--token", action="store_true", help="with an access token, which is asked for")
    login.add_argument("--stdin", action="store_true", help="read password or token from standard input")
    login.add_argument("--make-token", metavar="NAME", help="with --username: make an API token and keep only that")
    login.add_argument(
        "--scopes", default=SCOPES, metavar="A,B", help=f"what the made token may do (default: {SCOPES})"
    )
    login.add_argument("--days", type=int, help="how long the made token lives (default: as the server has it)")
    logout = commands.add_parser("logout", parents=[common], help="end the sign-in, at the server and here")
    logout.add_argument("--local", action="store_true", help="only forget it here: when the server cannot be reached")
    _tasks(commands.add_parser("tasks", help="jobs of every kind"), common)
    _webhooks(commands.add_parser("webhooks", help="addresses of yours that are told"), common)
    return top


def _tasks(group: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = group.add_subparsers(dest="action", required=True, metavar="action")
    _listing(actions.add_parser("list", parents=[common], help="tasks, the newest first"))
    for name, words in (("show", "one task"), ("cancel", "stop it")):
        actions.add_parser(name, parents=[common], help=words).add_argument("task_id")


def _webhooks(group: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = group.add_subparsers(dest="action", required=True, metavar="action")
    actions.add_parser("list", parents=[common], help="yours, and the company's if you manage them")
    create = actions.add_parser("create", parents=[common], help="be told at an address")
    create.add_argument("address", metavar="URL")
    create.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="fields",
        help="e.g. scope=company, statuses:=[\"ready\"]; NAME:=JSON for lists, true and false",
    )  # fmt: skip
    for name, words in (
        ("rotate", "a new secret; the old one signs along for a day"),
        ("test", "send a message now"),
        ("deliveries", "what was sent, the newest first"),
        ("resend", "send a message once more"),
        ("delete", "be told no more"),
    ):
        one = actions.add_parser(name, parents=[common], help=words)
        one.add_argument("webhook_id")
        if name == "deliveries":
            _listing(one)
        if name == "resend":
            one.add_argument("message_id")


def _listing(one: argparse.ArgumentParser) -> None:
    one.add_argument("--filter", action="append", default=[], metavar="NAME=VALUE", help="e.g. status=failed")
    one.add_argument("--limit", type=int, default=50, help="so many at most; 0: all (default 50)")


def _exports(group: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = group.add_subparsers(dest="action", required=True, metavar="action")
    create = _wish(actions.add_parser("create", parents=[common], help="ask for an export"))
    create.add_argument("--source", help="where it was asked for")
    create.add_argument("--reuse", action="store_true", help="take an identical fresh export of yours, if there is one")
    create.add_argument("--idempotency-key", help="of yours: the same command with it again makes no second export")
    create.add_argument("--wait", action="store_true", help="until it has ended")
    create.add_argument("--timeout", type=float, help="seconds to wait at most")
    create.add_argument("--download", type=Path, metavar="PATH", help="folder or file; waits, too")
    listed = actions.add_parser("list", parents=[common], help="exports, the newest first")
    _listing(listed)
    for name, words in (
        ("show", "one export"),
        ("retry", "the same again"),
        ("cancel", "stop it"),
        ("accelerate", "let it go first"),
        ("logs", "what happened"),
        ("wait", "until it has ended"),
        ("download", "its file, verified; goes on where it was cut off"),
    ):
        one = actions.add_parser(name, parents=[common], help=words)
        one.add_argument("job_id")
        if name == "logs":
            one.add_argument("--follow", action="store_true", help="until the export has ended")
        if name == "wait":
            one.add_argument("--timeout", type=float, help="seconds at most")
        if name == "download":
            one.add_argument("--to", type=Path, default=Path(), metavar="PATH", help="folder or file (default: here)")


def _imports(group: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = group.add_subparsers(dest="action", required=True, metavar="action")
    create = _target(actions.add_parser("create", parents=[common], help="send a file, check it, write its rows"))
    create.add_argument("file", type=Path, metavar="FILE")
    create.add_argument(
        "--on-error", choices=("skip", "stop"), default="skip", help="leave faulty rows out (default), or all or none"
    )
    create.add_argument(
        "--map", action="append", default=[], metavar="HEADING=KEY",
        help="what a column of the file means, by its heading or letter; HEADING= leaves it out. Others as guessed",
    )  # fmt: skip
    create.add_argument("--encoding", help="of the text, where it is found wrongly; e.g. gb18030")
    create.add_argument("--sheet", help="of the workbook")
    create.add_argument("--source", help="where it was asked for")
    how = create.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="only check; 1 when a row is faulty")
    how.add_argument("--yes", action="store_true", help="write the other rows though some are faulty")
    create.add_argument("--timeout", type=float, help="seconds to wait at most, for each step")
    _listing(actions.add_parser("list", parents=[common], help="imports, the newest first"))
    for name, words in (
        ("show", "one import, and what is wrong with its rows"),
        ("wait", "until it is checked or has ended"),
        ("confirm", "write the rows that are not faulty"),
        ("cancel", "stop it; what is written stays"),
        ("retry", "the same file again, after a failure"),
        ("undo", "take back what it has written"),
        ("errors", "its faulty rows, as a file to correct"),
    ):
        one = actions.add_parser(name, parents=[common], help=words)
        one.add_argument("job_id")
        if name in ("confirm", "retry", "undo"):
            one.add_argument("--wait", action="store_true", help="until it is checked or has ended")
        if name in ("wait", "confirm", "retry", "undo"):
            one.add_argument("--timeout", type=float, help="seconds to wait at most")
        if name == "errors":
            _saved(one)
    template = _target(actions.add_parser("template", parents=[common], help="a file to fill in"))
    template.add_argument("--format", choices=("xlsx", "csv"), default="xlsx", help="default: xlsx")
    _saved(template)


def _target(one: argparse.ArgumentParser) -> argparse.ArgumentParser:
    one.add_argument("--dataset", required=True, help="what is written, e.g. members")
    one.add_argument("--mode", default="create", help="create (default), update or upsert")
    return one


def _saved(one: argparse.ArgumentParser) -> None:
    one.add_argument("--to", type=Path, default=Path(), metavar="PATH", help="folder or file (default: here)")


def _wish(one: argparse.ArgumentParser) -> argparse.ArgumentParser:
    one.add_argument("type", help="the dataset")
    one.add_argument(
        "--filter", action="append", default=[], metavar="NAME=VALUE",
        help="several times for several values; NAME:=JSON for numbers, lists, true and false",
    )  # fmt: skip
    one.add_argument("--columns", metavar="A,B", help="in the file's order")
    one.add_argument("--format", help="csv, xlsx, json, …")
    one.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="e.g. raw=true")
    return one


def wish_of(words: argparse.Namespace) -> dict[str, Any]:
    """Arguments of ``exports.create`` and ``estimate``. Raises WrongWords."""
    options = {name: _option(value) for name, value in pairs(words.option).items()}
    return {
        "type": words.type,
        "params": pairs(words.filter) or None,
        "columns": [name.strip() for name in words.columns.split(",")] if words.columns else None,
        "file_type": words.format,
        "options": options or None,
    }


def pairs(texts: list[str]) -> dict[str, Any]:
    """Values by name; a list where a name comes several times. Raises WrongWords."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        said: Any = value
        if name.endswith(":"):
            name = name[:-1]
            try:
                said = json.loads(value)
            except ValueError:
                raise WrongWords(text) from None
        if not equals or not name:
            raise WrongWords(text)
        before = found.get(name)
        found[name] = said if name not in found else [*before, said] if isinstance(before, list) else [before, said]
    return found


def _option(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
