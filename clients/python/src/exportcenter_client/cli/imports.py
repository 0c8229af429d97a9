"""Commands of imports."""

import argparse
import itertools
from collections.abc import Mapping
from typing import Any

from exportcenter_client.cli.codes import JOB_FAILED, OK
from exportcenter_client.cli.mapping import mapped, wishes
from exportcenter_client.cli.more import page
from exportcenter_client.cli.parsing import pairs
from exportcenter_client.cli.place import Place
from exportcenter_client.cli.screen import Screen, table
from exportcenter_client.client import Client
from exportcenter_client.errors import ImportFailed, WaitTimeout

FIGURES = {
    "rows": "Rows: {count}",
    "to_create": "to be created: {count}",
    "to_update": "to be changed: {count}",
    "to_keep": "as they are: {count}",
    "faulty": "faulty: {count}",
    "created": "created: {count}",
    "updated": "changed: {count}",
    "unchanged": "unchanged: {count}",
    "removed": "removed: {count}",
    "restored": "restored: {count}",
    "kept": "kept: {count}",
}
"""What is counted, in the order in which it is told."""
FORECAST = ("to_create", "to_update", "to_keep")
"""Of no interest after the rows were written."""
TOLD = ("job_id", "dataset_title", "mode", "on_error", "file_name", "created_at", "finished_at", "undoes", "undone_by")


def create(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> int:
    """imports create"""
    if not words.file.is_file():
        raise ValueError(screen.say("There is no file {path}.", path=words.file))
    job_id = _made(client, words, screen)
    screen.note("Created {job}.", job=job_id)
    if words.dry_run:
        return _tried(client, job_id, words, screen)
    place.job_id, place.group = job_id, "imports"
    checked = _standing(client, job_id, words, screen)
    faulty = _faulty(checked)
    if (faulty and (not words.yes or words.on_error == "stop")) or not _may_confirm(checked):
        screen.result(checked, told(checked, screen))
        _say_how_to_go_on(checked, faulty, screen)
        return JOB_FAILED
    if not screen.as_json:
        screen.result(None, told(checked, screen))
    client.imports.confirm(job_id)
    return _to_the_end(client, job_id, words, screen)


def listed(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """imports list"""
    found = client.imports.list(page_size=page(words), **pairs(words.filter))
    chosen = itertools.islice(found, words.limit) if words.limit > 0 else found
    if screen.as_json:
        for one in chosen:
            screen.result(one, "")
        return
    rows = [_row(one, screen) for one in chosen]
    if rows:
        screen.result(None, table(rows))
    else:
        screen.note("Nothing found.")


def show(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """imports show"""
    seen = client.imports.get(words.job_id)
    screen.result(seen, described(seen, screen))


def wait(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> int:
    """imports wait"""
    place.job_id, place.group = words.job_id, "imports"
    return _to_the_end(client, words.job_id, words, screen)


def confirm(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> int:
    """imports confirm"""
    seen = client.imports.confirm(words.job_id)
    screen.note("Confirmed {job}.", job=words.job_id)
    return _after(client, seen, words, screen, place)


def cancel(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """imports cancel"""
    seen = client.imports.cancel(words.job_id)
    screen.result(seen, screen.say("Canceled {job}.", job=words.job_id))


def retry(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> int:
    """imports retry"""
    new = client.imports.retry(words.job_id)
    screen.note("Retried as {job}.", job=new["job_id"])
    return _after(client, new, words, screen, place)


def undo(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> int:
    """imports undo"""
    new = client.imports.undo(words.job_id)
    screen.note("{job} takes it back.", job=new["job_id"])
    return _after(client, new, words, screen, place)


def errors(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """imports errors"""
    path = client.imports.faulty_rows(words.job_id, words.to)
    screen.result({"job_id": words.job_id, "path": str(path)}, screen.say("Saved: {path}", path=path))


def template(client: Client, words: argparse.Namespace, screen: Screen, place: Place) -> None:
    """imports template"""
    path = client.imports.template(words.dataset, words.mode, words.format, words.to)
    screen.result({"dataset": words.dataset, "path": str(path)}, screen.say("Saved: {path}", path=path))


COMMANDS = {
    "imports create": create,
    "imports list": listed,
    "imports show": show,
    "imports wait": wait,
    "imports confirm": confirm,
    "imports cancel": cancel,
    "imports retry": retry,
    "imports undo": undo,
    "imports errors": errors,
    "imports template": template,
}


# --- steps ---------------------------------------------------------------------------------------------------
def _made(client: Client, words: argparse.Namespace, screen: Screen) -> str:
    """Send the file, say what its columns mean, start the check."""
    wished = wishes(words.map)  # before anything is sent
    file_id = client.imports.send(words.file, progress=screen.arrived)["file_id"]
    how = {name: value for name in ("encoding", "sheet") if (value := getattr(words, name))}
    mapping = None
    if wished:
        seen = client.imports.look(file_id, dataset=words.dataset, mode=words.mode, **how)
        mapping = mapped(wished, seen, screen.say)
    made = client.imports.create(
        file_id,
        dataset=words.dataset,
        mode=words.mode,
        on_error=words.on_error,
        mapping=mapping,
        choices=how or None,
        source=words.source,
    )
    return str(made["job_id"])


def _tried(client: Client, job_id: str, words: argparse.Namespace, screen: Screen) -> int:
    """What would happen. Whatever comes between, nothing is left that waits for somebody."""
    try:
        checked = _standing(client, job_id, words, screen)
    except (WaitTimeout, KeyboardInterrupt):
        client.imports.cancel(job_id)
        raise
    screen.result(client.imports.cancel(job_id), told(checked, screen))
    screen.note("Nothing was written.")
    return JOB_FAILED if _faulty(checked) else OK


def _standing(client: Client, job_id: str, words: argparse.Namespace, screen: Screen) -> Mapping[str, Any]:
    """The import when it waits for somebody, or is ready. Raises ImportFailed."""
    seen = client.imports.wait(job_id, timeout=words.timeout, progress=screen.progress)
    if seen["status"] not in ("review", "ready"):
        raise ImportFailed(seen)
    return seen


def _to_the_end(client: Client, job_id: str, words: argparse.Namespace, screen: Screen) -> int:
    """Wait, and say what came of it: 1 while it still needs somebody."""
    seen = _standing(client, job_id, words, screen)
    if seen["status"] == "ready":
        screen.result(seen, counted(seen, screen))  # what is wrong was said before it was confirmed
        return OK
    screen.result(seen, told(seen, screen))
    _say_how_to_go_on(seen, _faulty(seen), screen)
    return JOB_FAILED


def _after(client: Client, seen: Mapping[str, Any], words: argparse.Namespace, screen: Screen, place: Place) -> int:
    """Its number, as ``exports create`` says it; with --wait what comes of it."""
    if not words.wait:
        screen.result(seen, seen["job_id"])
        return OK
    place.job_id, place.group = seen["job_id"], "imports"
    return _to_the_end(client, place.job_id, words, screen)


def _say_how_to_go_on(seen: Mapping[str, Any], faulty: int, screen: Screen) -> None:
    job_id = seen["job_id"]
    if _may_confirm(seen):
        screen.note("To write the other rows: exportcenter imports confirm {job} --wait", job=job_id)
    elif reason := _decision(seen).get("reason"):
        screen.note("{reason}", reason=reason)
    if faulty:
        screen.note("To get the faulty rows: exportcenter imports errors {job} --to FILE", job=job_id)
    screen.note("To drop it: exportcenter imports cancel {job}", job=job_id)


def _faulty(seen: Mapping[str, Any]) -> int:
    return int(seen["counts"].get("faulty") or 0)


def _may_confirm(seen: Mapping[str, Any]) -> bool:
    return _decision(seen).get("allowed") is True


def _decision(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """Whether it may be confirmed, and why not."""
    return (seen.get("can") or {}).get("confirm") or {}


# --- how things look -----------------------------------------------------------------------------------------
def told(seen: Mapping[str, Any], screen: Screen) -> str:
    """Its number, its figures, and what is wrong."""
    problems = [_problem(one, screen) for one in seen.get("problems") or []]
    return "\n".join([counted(seen, screen), *([table(problems)] if problems else [])])


def counted(seen: Mapping[str, Any], screen: Screen) -> str:
    """Its number and its figures, but for those that are nothing."""
    done = seen.get("status") == "ready"
    figures = [
        screen.say(english, count=seen["counts"].get(name))
        for name, english in FIGURES.items()
        if name == "rows" or (seen["counts"].get(name) and not (done and name in FORECAST))
    ]
    return "\n".join([f"{seen['job_id']}  {screen.say(str(seen['status']))}", "   ".join(figures)])


def described(seen: Mapping[str, Any], screen: Screen) -> str:
    """Name and value of what a person asks for, the mapping, then ``told``."""
    rows = [[name, str(seen[name])] for name in TOLD if seen.get(name)]
    rows += [
        [f"{one.get('letter')} {one.get('label')}", f"→ {one.get('key') or '-'}"] for one in seen.get("mapping") or []
    ]
    if error := seen.get("error"):
        rows.append(["error", " ".join(str(error.get(name) or "") for name in ("code", "message", "advice"))])
    return "\n".join([table(rows), told(seen, screen)])


def _row(one: Mapping[str, Any], screen: Screen) -> list[str]:
    state = [screen.say(str(one.get("status"))), f"{one.get('progress')}%"]
    return [str(one.get("job_id")), *state, *(str(one.get(name) or "") for name in ("dataset", "mode", "file_name"))]


def _problem(one: Mapping[str, Any], screen: Screen) -> list[str]:
    where = screen.say("row {row}", row=one.get("row"))
    text = "" if one.get("text") is None else str(one["text"])
    return [f"{one.get('count')}×", str(one.get("title") or ""), str(one.get("message") or ""), where, text[:60]]
