"""What the live stream may know of every tenant: how far its events are, and whose rights have changed."""

from django.db import migrations

from exportcenter.common.rls import let_engine


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_walls")]

    operations = [
        let_engine("accounts_tenanthead", "SELECT"),
        let_engine("accounts_user", "SELECT", columns="id, tenant_id, is_active, authz_epoch"),
    ]
