"""Who sees an event: the one rule, as a question about one event and as a condition in SQL (SPEC T2)."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from accounts import policy, tenancy
from accounts.models import User
from jobs.events.facts import NOTIFICATION, Fact


@dataclass(frozen=True)
class Viewer:
    """Somebody who reads events, with the rights of the moment when ``authz_epoch`` was ``epoch``.

    A notification is seen by its owner. Any other event is seen by whoever sees the job it tells of: everybody's, the
    own, or those of a class (policy.visibility).
    """

    tenant_id: UUID
    user_id: UUID
    epoch: int
    jobs: policy.Visibility

    @classmethod
    def of(cls, user: User) -> "Viewer":
        """``user``, who is of the current tenant, as a reader."""
        return cls(tenancy.require(), user.pk, user.authz_epoch, policy.visibility(user))

    def may_see(self, fact: Fact) -> bool:
        """Whether this person may have the event."""
        if fact.tenant_id != self.tenant_id:
            return False
        if fact.owner_id == self.user_id:
            return True
        return fact.type != NOTIFICATION and (self.jobs.everything or fact.sensitivity in self.jobs.classes)

    def condition(self) -> Q:
        """The same for rows of the current tenant."""
        others = Q() if self.jobs.everything else Q(sensitivity__in=sorted(self.jobs.classes))
        return Q(owner_id=self.user_id) | (~Q(type=NOTIFICATION) & others)
