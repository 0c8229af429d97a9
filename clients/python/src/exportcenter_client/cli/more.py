"""Commands of batch tasks and webhooks."""

import argparse
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from exportcenter_client.cli.parsing import pairs
from exportcenter_client.cli.screen import Screen, table
from exportcenter_client.client import Client


def task_list(client: Client, words: argparse.Namespace, screen: Screen, place: object) -> None:
    """tasks list"""
    found = client.tasks.list(page_size=page(words), **pairs(words.filter))
    _rows(found, words.limit, screen, ("id", "task_type", "status", "progress", "processed_records"))


def task_show(client: Client, words: argparse.Namespace, screen: Screen, place: object) -> None:
    """tasks show"""
    _one(client.tasks.get(words.task_id), screen)


def task_cancel(client: Client, words: argparse.Namespace, screen: Screen, place: object) -> None:
    """tasks cancel"""
    task = client.tasks.cancel(words.task_id)
    screen.result(_without_links(task), screen.say("Canceled {job}.", job=words.task_id))


def hook_list(client: Client, words: argparse.Namespace, screen: Screen, place: object) -> None:
    """webhooks list"""
    _rows(client.webhooks.list(), 0, screen, ("id", "scope", "enabled", "url"))


def hook_create(client: Client, words: argparse.Namespace, screen: Screen, place: object) -> None:
    """webhooks create"""
    _one(client.webhooks.create(words.address, **pairs(words.fields)), screen)


def hook_rotate(client: Client, words: argparse.Namespace, screen: Screen, place: object) -> None:
    """webhooks rotate"""
    _one(client.webhooks.rotate(words.webhook_id), screen)


def hook_test(client: Client, words: argparse.Namespace, screen: Screen, place: object) -> None:
    """webhooks test"""
    _one(client.webhooks.test(words.webhook_id), screen)


def hook_deliveries(client: Client, words: argparse.Namespace, screen: Screen, place: object) -> None:
    """webhooks deliveries"""
    found = client.webhooks.deliveries(words.webhook_id, page_size=page(words), **pairs(words.filter))
    _rows(found, words.limit, screen, ("id", "type", "job_id", "status", "attempts", "response_code"))


def hook_resend(client: Client, words: argparse.Namespace, screen: Screen, place: object) -> None:
    """webhooks resend"""
    _one(client.webhooks.resend(words.webhook_id, words.message_id), screen)


def hook_delete(client: Client, words: argparse.Namespace, screen: Screen, place: object) -> None:
    """webhooks delete"""
    client.webhooks.delete(words.webhook_id)
    screen.result({"ok": True}, screen.say("Deleted {webhook}.", webhook=words.webhook_id))


COMMANDS = {
    "tasks list": task_list,
    "tasks show": task_show,
    "tasks cancel": task_cancel,
    "webhooks list": hook_list,
    "webhooks create": hook_create,
    "webhooks rotate": hook_rotate,
    "webhooks test": hook_test,
    "webhooks deliveries": hook_deliveries,
    "webhooks resend": hook_resend,
    "webhooks delete": hook_delete,
}


def page(words: argparse.Namespace) -> int:
    """How many to ask for at once."""
    return min(words.limit or 100, 100)


def _rows(found: Iterable[Mapping[str, Any]], limit: int, screen: Screen, columns: Sequence[str]) -> None:
    chosen = [_without_links(one) for one in (itertools.islice(found, limit) if limit > 0 else found)]
    if screen.as_json:
        for one in chosen:
            screen.result(one, "")
    elif chosen:
        screen.result(None, table([[_cell(one.get(name)) for name in columns] for one in chosen]))
    else:
        screen.note("Nothing found.")


def _one(said: Mapping[str, Any], screen: Screen) -> None:
    rows = [[name, _cell(value)] for name, value in _without_links(said).items() if not isinstance(value, list | dict)]
    screen.result(_without_links(said), table(rows))


def _without_links(said: Mapping[str, Any]) -> dict[str, Any]:
    """Links hold tokens and would end up in logs of scripts."""
    return {name: value for name, value in said.items() if name != "result_url"}


def _cell(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
