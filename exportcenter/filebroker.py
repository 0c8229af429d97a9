"""The default broker: bells as files in a folder. Kombu's own transport, with four of its traps closed.

Kombu's version stops the worker for good when the folder vanishes or a reader meets a half-written file, moves
messages through the system's shared temporary folder, and drops messages whose exchange file is gone. Here a
message appears by rename, is taken by rename, and missing folders are made again.
"""

import os
import uuid
from pathlib import Path
from queue import Empty
from time import monotonic_ns
from typing import Any

from kombu.transport import filesystem
from kombu.transport.filesystem import exchange_queue_t
from kombu.utils.json import dumps, loads

MOST_BELLS = 200


class Channel(filesystem.Channel):
    """Reads and writes message files."""

    def _put(self, queue: Any, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        if len(self._waiting(queue)) >= MOST_BELLS:
            return  # enough bells to wake everybody; what they are for stands in the database
        folder = self._folder()
        name = f"{monotonic_ns():020d}_{uuid.uuid4().hex}"
        part = folder / f"{name}.part"
        part.write_text(dumps(payload))
        part.rename(folder / f"{name}.{queue}.msg")

    def _get(self, queue: Any, timeout: Any = None) -> Any:
        for path in self._waiting(queue):
            taken = path.with_name(f"{path.name}.{os.getpid()}.taken")
            try:
                path.rename(taken)  # one of several readers wins
                text = taken.read_text()
                taken.unlink()
            except FileNotFoundError:
                continue
            return loads(text)
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        waiting = self._waiting(queue)
        for path in waiting:
            path.unlink(missing_ok=True)
        return len(waiting)

    def get_table(self, exchange: str) -> list[Any]:
        """Queues bound to ``exchange``. Ours bind to themselves, whatever became of the file that says so."""
        from jobs.engine import kinds  # Django's apps are loaded by the time a message is sent

        bound: list[Any] = super().get_table(exchange)
        return bound or ([exchange_queue_t(exchange, "", exchange)] if exchange in kinds.queues() else [])

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        self._folder()
        super()._queue_bind(exchange, routing_key, pattern, queue)

    def _waiting(self, queue: str) -> list[Path]:
        return sorted(self._folder().glob(f"*.{queue}.msg"))

    def _folder(self) -> Path:
        folder = Path(self.data_folder_in)
        folder.mkdir(parents=True, exist_ok=True)
        Path(self.transport_options["control_folder"]).mkdir(parents=True, exist_ok=True)
        return folder


class Transport(filesystem.Transport):
    """filesystem:// as Export Center uses it."""

    Channel = Channel
