"""An event on its way to people: one object for all of them, signed for each."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from jobs.events import ids
from jobs.events.signing import SigningKey, canonical

NOTIFICATION = "notification"
"""Type of events that are for one person alone."""
PROGRESS = "job.progress"
"""Type of samples of a running job: never stored, the next one replaces it."""


@dataclass(frozen=True, eq=False)
class Fact:
    """One event, or, without a number, a sample of how far a job is."""

    tenant_id: UUID
    seq: int | None
    type: str
    subject: str
    data: dict[str, Any]
    owner_id: UUID | None
    sensitivity: str
    at: datetime

    @cached_property
    def body(self) -> dict[str, Any]:
        """What everybody gets; the signature comes on top."""
        return {
            "id": None if self.seq is None else ids.event_id(self.tenant_id, self.seq),
            "type": self.type,
            "time": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "subject": self.subject,
            "data": self.data,
        }

    def signed(self, key: SigningKey) -> dict[str, Any]:
        """The event as JSON for the owner of ``key``."""
        return self.body | {"key_id": key.key_id, "signature": key.sign(self._message)}

    def text(self, key: SigningKey) -> str:
        """``signed`` as a text in ASCII without line breaks. Only the signature is made anew for each reader."""
        return f'{self._begun},"key_id":{json.dumps(key.key_id)},"signature":"{key.sign(self._message)}"}}'

    @cached_property
    def _message(self) -> bytes:
        said = canonical({name: self.body[name] for name in ("data", "subject", "type")})
        return f"{self.body['id'] or ''}.{self.body['time']}.{said}".encode()

    @cached_property
    def _begun(self) -> str:
        return json.dumps(self.body, separators=(",", ":"))[:-1]
