"""Entry point: words → command → exit code."""

import argparse
import os
import sys
from collections.abc import Sequence

from exportcenter_client.cli import commands, signing
from exportcenter_client.cli.codes import INTERRUPTED, OK, USAGE, code_of
from exportcenter_client.cli.parsing import WrongWords, parser
from exportcenter_client.cli.place import Place
from exportcenter_client.cli.screen import Screen
from exportcenter_client.cli.words import Words, language_of
from exportcenter_client.client import Client
from exportcenter_client.config import ConfigFile, default_path
from exportcenter_client.errors import ExportCenterError


def run() -> None:
    """Run the command and leave with its code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    words = parser().parse_args(arguments)
    say = Words(language_of(os.environ))
    screen = Screen(say, as_json=getattr(words, "json", False), quiet=getattr(words, "quiet", False))
    place = Place()
    try:
        code = _perform(words, screen, place)
        screen.clear()
    except WrongWords as wrong:
        screen.fault(ValueError(say("{text} is not of the form name=value.", text=wrong.text)))
        return USAGE
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (ExportCenterError, ValueError, OSError) as fault:
        screen.fault(fault)
        return code_of(fault)
    except KeyboardInterrupt:
        _say_how_to_go_on(screen, place)
        return INTERRUPTED
    return code


def _perform(words: argparse.Namespace, screen: Screen, place: Place) -> int:
    url, path = getattr(words, "url", None), getattr(words, "config", None)
    file = ConfigFile(path or default_path(os.environ))
    if words.command == "login":
        signing.login(words, screen, file, url or os.environ.get("EXPORTCENTER_URL"))
        return OK
    if words.command == "logout":
        signing.logout(words, screen, file)
        return OK
    name = f"{words.command} {words.action}" if "action" in words else words.command
    with Client(url, language=screen.say.language, config_path=path) as client:
        return commands.COMMANDS[name](client, words, screen, place) or OK


def _say_how_to_go_on(screen: Screen, place: Place) -> None:
    if place.target is not None:
        text = "Interrupted. Go on with: exportcenter exports download {job} --to {target}"
        screen.note(text, job=place.job_id, target=place.target)
    elif place.job_id and place.group == "imports":
        text = "Interrupted. The import goes on; wait for it with: exportcenter imports wait {job}"
        screen.note(text, job=place.job_id)
    elif place.job_id:
        text = "Interrupted. The export goes on; wait for it with: exportcenter exports wait {job}"
        screen.note(text, job=place.job_id)
    else:
        screen.note("Interrupted.")
