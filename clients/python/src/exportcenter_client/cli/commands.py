"""Each command: one call of the client, and what is printed of it."""

import argparse
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from exportcenter_client.cli import imports, more
from exportcenter_client.cli.parsing import pairs, wish_of
from exportcenter_client.cli.place import Place
from exportcenter_client.cli.screen import Screen, table
from exportcenter_client.client import Client
from exportcenter_client.models import Download, Export

FIRST_WAIT = 2
"""Seconds for which the server may hold back the answer to a creation: small exports are ready by then."""


Command = Callable[[Client, argparse.Namespace, Screen, Place], int | None]
"""Returns the exit code where it is neither 0 nor that of an error."""


def create(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """exports create"""
    key = words.idempotency_key
    waits = bool(words.wait or words.download)
    first = min(FIRST_WAIT, int(words.timeout or FIRST_WAIT)) if waits else 0
    wish = wish_of(words) | {"source": words.source, "reuse": words.reuse}
    export = client.exports.create(**wish, idempotency_key=key, wait=first)
    place.job_id = export.job_id
    if not waits:
        screen.result(shown(export), export.job_id)
        return
    if export.raw.get("reused"):
        screen.note("Joined {job}.", job=export.job_id)
    else:
        screen.note("Created {job}.", job=export.job_id)
    ended = client.exports.wait(export.job_id, timeout=words.timeout, progress=screen.progress).must_be_ready()
    if words.download:
        fetch(client, export.job_id, words.download, screen, place)
    else:
        screen.result(shown(ended), export.job_id)


def listed(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """exports list"""
    found = client.exports.list(page_size=min(words.limit or 100, 100), **pairs(words.filter))
    chosen = itertools.islice(found, words.limit) if words.limit > 0 else found
    if screen.as_json:
        for export in chosen:
            screen.result(shown(export), "")
        return
    rows = [_row(one, screen) for one in chosen]
    if rows:
        screen.result(None, table(rows))
    else:
        screen.note("Nothing found.")


def show(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """exports show"""
    export = client.exports.get(words.job_id)
    screen.result(shown(export), described(export))


def retry(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """exports retry"""
    new = client.exports.retry(words.job_id)
    screen.result({"new_job_id": new}, screen.say("Retried as {job}.", job=new))


def cancel(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """exports cancel"""
    client.exports.cancel(words.job_id)
    screen.result({"ok": True}, screen.say("Canceled {job}.", job=words.job_id))


def accelerate(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """exports accelerate"""
    client.exports.accelerate(words.job_id)
    screen.result({"ok": True}, screen.say("Accelerated {job}.", job=words.job_id))


def logs(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """exports logs"""
    for line in client.exports.logs(words.job_id, follow=words.follow):
        screen.result({"number": line.number, "text": line.text}, line.text)


def wait(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """exports wait"""
    place.job_id = words.job_id
    export = client.exports.wait(words.job_id, timeout=words.timeout, progress=screen.progress).must_be_ready()
    screen.result(shown(export), described(export))


def download(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """exports download"""
    fetch(client, words.job_id, words.to, screen, place)


def fetch(client: Client, job_id: str, target: Path, screen: Screen, place: Place) -> None:
    """Download and say where the files are."""
    place.job_id, place.target = job_id, target
    got = client.exports.download(job_id, target, progress=screen.arrived)
    if screen.as_json:
        screen.result(files(job_id, got), "")
        return
    for path in (*got.paths, *([got.manifest] if got.manifest else [])):
        screen.result(None, screen.say("Saved: {path}", path=path))


def datasets(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """datasets"""
    said = client.datasets()
    items = next((value for value in said.values() if isinstance(value, list)), [])
    known = [one for one in items if isinstance(one, dict)]
    rows = [[str(one.get("key", one.get("type", ""))), str(one.get("title", ""))] for one in known]
    screen.result(said, table(rows) if rows else str(said))


def estimate(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """estimate"""
    said = client.exports.estimate(**wish_of(words), exact=words.exact)
    figures = {name: said.get(name) for name in ("rows", "bytes", "seconds")}
    lines = [screen.say("Rows: {rows}   Bytes: {bytes}   Seconds: {seconds}", **figures), str(said.get("note") or "")]
    lines += [f"- {limit.get('message')}" for limit in said.get("limits") or []]
    screen.result(said, "\n".join(line for line in lines if line))


def definitions(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """definitions"""
    found = list(client.definitions.list())
    if screen.as_json:
        for one in found:
            screen.result(one, "")
    elif found:
        screen.result(None, table([[str(one.get(name, "")) for name in ("id", "dataset", "name")] for one in found]))
    else:
        screen.note("Nothing found.")


COMMANDS: Mapping[str, Command] = {
    "exports create": create,
    "exports list": listed,
    "exports show": show,
    "exports retry": retry,
    "exports cancel": cancel,
    "exports accelerate": accelerate,
    "exports logs": logs,
    "exports wait": wait,
    "exports download": download,
    "datasets": datasets,
    "estimate": estimate,
    "definitions": definitions,
    **imports.COMMANDS,
    **more.COMMANDS,
}


# --- how things look ---------------------------------------------------------------------------------------
def _row(one: Export, screen: Screen) -> list[str]:
    size = str(one.file_size or "")
    return [one.job_id, screen.say(one.status), f"{one.progress}%", one.type, size, one.file_name or ""]


def shown(export: Export) -> dict[str, Any]:
    """The export without its links, which hold tokens and would end up in logs of scripts."""
    said = {name: value for name, value in export.raw.items() if name != "download_url"}
    if isinstance(said.get("parts"), list):
        said["parts"] = [
            {name: value for name, value in part.items() if name != "download_url"} for part in said["parts"]
        ]
    return said


def described(export: Export) -> str:
    """Name and value, line by line, of what is not nested."""
    rows = [[name, str(value)] for name, value in shown(export).items() if isinstance(value, str | int | float)]
    rows = [row for row in rows if row[0] != "logs_tail"]
    if export.error:
        rows.append(["error", " ".join(str(export.error.get(name) or "") for name in ("code", "message", "advice"))])
    return table(rows)


def files(job_id: str, got: Download) -> dict[str, Any]:
    """What was downloaded."""
    return {
        "job_id": job_id,
        "paths": [str(path) for path in got.paths],
        "manifest": str(got.manifest) if got.manifest else None,
        "size": got.size,
        "sha256": got.sha256,
        "fetched": got.fetched,
    }
