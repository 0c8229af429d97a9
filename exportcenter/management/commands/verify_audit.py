"""``manage.py verify_audit``: prove that nobody changed the audit trail."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import tenancy
from accounts.audit import verify_tenant


class Command(BaseCommand):
    """Walks every tenant's chain; exit code 1 when one of them does not hold."""

    help = "Verify the audit chain of every tenant: nothing changed, inserted, deleted or cut off."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line per tenant, or one per finding."""
        broken = 0
        for tenant_id in tenancy.all_tenant_ids():
            entries, findings = verify_tenant(tenant_id)
            broken += len(findings)
            if findings:
                for finding in findings:
                    self.stdout.write(self.style.ERROR(str(finding)))
            else:
                self.stdout.write(f"tenant {tenant_id}: {entries} entries, ok")
        if broken:
            raise CommandError(f"The audit trail does not hold: {broken} findings.", returncode=1)
