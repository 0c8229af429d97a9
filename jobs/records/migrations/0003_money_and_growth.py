"""Wallets with their ledger, withdrawals, campaigns, tasks and teams, inside the tenant wall."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import accounts.tenancy
from exportcenter.common.rls import secure_tenant_table

# Any sample table by its name, so that a new one needs no change here; nothing but sample tables.
ANALYZE_BY_NAME = """
DROP FUNCTION records_analyze();
CREATE FUNCTION records_analyze(tables text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'records\\_%'
        AND relname = ANY (tables)
    LOOP
        EXECUTE format('ANALYZE public.%I', name);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION records_analyze(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_analyze(text[]) TO exportcenter_app;
"""
ANALYZE_FIRST_THREE = """
DROP FUNCTION records_analyze(text[]);
CREATE FUNCTION records_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE records_member, records_order, records_riskhit;
END $$;
REVOKE ALL ON FUNCTION records_analyze() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_analyze() TO exportcenter_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_walls"),
        ("records", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "region",
                    models.CharField(
                        choices=[
                            ("华东", "East China"),
                            ("华南", "South China"),
                            ("华北", "North China"),
                            ("华中", "Central China"),
                            ("西南", "Southwest China"),
                            ("西北", "Northwest China"),
                            ("东北", "Northeast China"),
                        ],
                        max_length=10,
                        verbose_name="region",
                    ),
                ),
                ("campaign_code", models.CharField(db_collation="C", max_length=20, verbose_name="campaign code")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("coupon", "Coupons"),
                            ("discount", "Discount"),
                            ("new_member", "New members"),
                            ("referral", "Referrals"),
                            ("festival", "Festival"),
                        ],
                        max_length=20,
                        verbose_name="type",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("app", "App"),
                            ("mini_program", "Mini program"),
                            ("store", "Store"),
                            ("live", "Live stream"),
                            ("field", "Field teams"),
                        ],
                        max_length=20,
                        verbose_name="channel",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("scheduled", "Scheduled"),
                            ("running", "Running"),
                            ("ended", "Ended"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("owner", models.CharField(max_length=50, verbose_name="in charge")),
                ("city", models.CharField(blank=True, max_length=50, verbose_name="city")),
                ("start_on", models.DateField(verbose_name="first day")),
                ("end_on", models.DateField(verbose_name="last day")),
                ("budget", models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="budget")),
                ("spent", models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="spent")),
                ("participants", models.PositiveIntegerField(default=0, verbose_name="participants")),
                ("conversions", models.PositiveIntegerField(default=0, verbose_name="conversions")),
                (
                    "conversion_rate",
                    models.DecimalField(
                        blank=True, decimal_places=4, max_digits=7, null=True, verbose_name="conversion rate"
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        default=accounts.tenancy.current,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "campaign",
                "verbose_name_plural": "campaigns",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "region",
                    models.CharField(
                        choices=[
                            ("华东", "East China"),
                            ("华南", "South China"),
                            ("华北", "North China"),
                            ("华中", "Central China"),
                            ("西南", "Southwest China"),
                            ("西北", "Northwest China"),
                            ("东北", "Northeast China"),
                        ],
                        max_length=10,
                        verbose_name="region",
                    ),
                ),
                ("team_code", models.CharField(db_collation="C", max_length=20, verbose_name="team code")),
                ("name", models.CharField(max_length=50, verbose_name="name")),
                ("city", models.CharField(blank=True, max_length=50, verbose_name="city")),
                ("leader_name", models.CharField(max_length=50, verbose_name="leader")),
                (
                    "leader_phone",
                    models.CharField(blank=True, db_collation="C", max_length=20, verbose_name="leader's phone"),
                ),
                ("size", models.PositiveIntegerField(default=1, verbose_name="team size")),
                (
                    "level",
                    models.CharField(
                        choices=[("s", "S (top)"), ("a", "A"), ("b", "B"), ("c", "C")],
                        default="b",
                        max_length=1,
                        verbose_name="level",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("paused", "Paused"), ("disbanded", "Disbanded")],
                        default="active",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        default=accounts.tenancy.current,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "team",
                "verbose_name_plural": "teams",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "region",
                    models.CharField(
                        choices=[
                            ("华东", "East China"),
                            ("华南", "South China"),
                            ("华北", "North China"),
                            ("华中", "Central China"),
                            ("西南", "Southwest China"),
                            ("西北", "Northwest China"),
                            ("东北", "Northeast China"),
                        ],
                        max_length=10,
                        verbose_name="region",
                    ),
                ),
                ("task_no", models.CharField(db_collation="C", max_length=20, verbose_name="task no.")),
                ("title", models.CharField(max_length=100, verbose_name="title")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("visit", "Visit shops"),
                            ("promotion", "Promotion"),
                            ("content", "Make content"),
                            ("survey", "Survey"),
                            ("sign_up", "Sign people up"),
                        ],
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Not begun"),
                            ("active", "In progress"),
                            ("done", "Done"),
                            ("overdue", "Overdue"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("reward", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="reward per piece")),
                ("quota", models.PositiveIntegerField(default=1, verbose_name="quota")),
                ("done", models.PositiveIntegerField(default=0, verbose_name="pieces done")),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("deadline", models.DateTimeField(verbose_name="deadline")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="records.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        default=accounts.tenancy.current,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="records.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "task",
                "verbose_name_plural": "tasks",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Wallet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "region",
                    models.CharField(
                        choices=[
                            ("华东", "East China"),
                            ("华南", "South China"),
                            ("华北", "North China"),
                            ("华中", "Central China"),
                            ("西南", "Southwest China"),
                            ("西北", "Northwest China"),
                            ("东北", "Northeast China"),
                        ],
                        max_length=10,
                        verbose_name="region",
                    ),
                ),
                ("wallet_no", models.CharField(db_collation="C", max_length=20, verbose_name="wallet no.")),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("frozen", "Frozen"), ("closed", "Closed")],
                        default="active",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        choices=[("CNY", "Renminbi")], default="CNY", max_length=3, verbose_name="currency"
                    ),
                ),
                (
                    "frozen_amount",
                    models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="frozen amount"),
                ),
                ("created_at", models.DateTimeField(verbose_name="opened")),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wallets",
                        to="records.member",
                        verbose_name="member",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        default=accounts.tenancy.current,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "wallet",
                "verbose_name_plural": "wallets",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WalletEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "region",
                    models.CharField(
                        choices=[
                            ("华东", "East China"),
                            ("华南", "South China"),
                            ("华北", "North China"),
                            ("华中", "Central China"),
                            ("西南", "Southwest China"),
                            ("西北", "Northwest China"),
                            ("东北", "Northeast China"),
                        ],
                        max_length=10,
                        verbose_name="region",
                    ),
                ),
                ("entry_no", models.CharField(db_collation="C", max_length=20, verbose_name="entry no.")),
                (
                    "direction",
                    models.CharField(
                        choices=[("in", "Money in"), ("out", "Money out")], max_length=3, verbose_name="direction"
                    ),
                ),
                (
                    "business",
                    models.CharField(
                        choices=[
                            ("topup", "Top-up"),
                            ("order_pay", "Order payment"),
                            ("refund", "Order refund"),
                            ("withdraw", "Withdrawal"),
                            ("reward", "Reward"),
                            ("adjust", "Adjustment"),
                        ],
                        max_length=10,
                        verbose_name="business",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                (
                    "balance_before",
                    models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="balance before"),
                ),
                ("balance_after", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="balance after")),
                (
                    "reference_no",
                    models.CharField(blank=True, db_collation="C", max_length=20, verbose_name="reference no."),
                ),
                ("operator", models.CharField(blank=True, max_length=50, verbose_name="operator")),
                ("memo", models.TextField(blank=True, verbose_name="memo")),
                ("created_at", models.DateTimeField(verbose_name="booked")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        default=accounts.tenancy.current,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="records.wallet",
                        verbose_name="wallet",
                    ),
                ),
            ],
            options={
                "verbose_name": "wallet entry",
                "verbose_name_plural": "wallet entries",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Withdraw",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "region",
                    models.CharField(
                        choices=[
                            ("华东", "East China"),
                            ("华南", "South China"),
                            ("华北", "North China"),
                            ("华中", "Central China"),
                            ("西南", "Southwest China"),
                            ("西北", "Northwest China"),
                            ("东北", "Northeast China"),
                        ],
                        max_length=10,
                        verbose_name="region",
                    ),
                ),
                ("withdraw_no", models.CharField(db_collation="C", max_length=20, verbose_name="withdrawal no.")),
                ("bank_name", models.CharField(max_length=50, verbose_name="bank")),
                ("account_no", models.CharField(db_collation="C", max_length=34, verbose_name="account no.")),
                ("account_holder", models.CharField(max_length=50, verbose_name="account holder")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("fee", models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="fee")),
                ("net_amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="net amount")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Awaiting review"),
                            ("approved", "Awaiting payout"),
                            ("paid", "Paid out"),
                            ("rejected", "Rejected"),
                            ("failed", "Payout failed"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("reviewer", models.CharField(blank=True, max_length=50, verbose_name="reviewer")),
                ("fail_reason", models.TextField(blank=True, verbose_name="reason of refusal")),
                ("created_at", models.DateTimeField(verbose_name="requested")),
                ("reviewed_at", models.DateTimeField(blank=True, null=True, verbose_name="reviewed")),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid out on")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        default=accounts.tenancy.current,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdraws",
                        to="records.wallet",
                        verbose_name="wallet",
                    ),
                ),
            ],
            options={
                "verbose_name": "withdrawal",
                "verbose_name_plural": "withdrawals",
                "ordering": ["-id"],
            },
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(fields=["tenant", "created_at", "id"], name="records_campaign_created"),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(fields=["tenant", "region", "id"], name="records_campaign_region"),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(fields=["tenant", "start_on", "id"], name="records_campaign_start"),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.UniqueConstraint(fields=("tenant", "campaign_code"), name="records_campaign_code"),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("end_on__gte", models.F("start_on"))), name="records_campaign_has_an_end"
            ),
        ),
        migrations.AddIndex(
            model_name="team",
            index=models.Index(fields=["tenant", "created_at", "id"], name="records_team_created"),
        ),
        migrations.AddIndex(
            model_name="team",
            index=models.Index(fields=["tenant", "region", "id"], name="records_team_region"),
        ),
        migrations.AddConstraint(
            model_name="team",
            constraint=models.UniqueConstraint(fields=("tenant", "team_code"), name="records_team_code"),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["tenant", "created_at", "id"], name="records_task_created"),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["tenant", "region", "id"], name="records_task_region"),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["tenant", "deadline", "id"], name="records_task_deadline"),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.UniqueConstraint(fields=("tenant", "task_no"), name="records_task_no"),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(("done__lte", models.F("quota"))), name="records_task_within_quota"
            ),
        ),
        migrations.AddIndex(
            model_name="wallet",
            index=models.Index(fields=["tenant", "created_at", "id"], name="records_wallet_created"),
        ),
        migrations.AddIndex(
            model_name="wallet",
            index=models.Index(fields=["tenant", "region", "id"], name="records_wallet_region"),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.UniqueConstraint(fields=("tenant", "wallet_no"), name="records_wallet_no"),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.UniqueConstraint(fields=("tenant", "member"), name="records_wallet_member"),
        ),
        migrations.AddIndex(
            model_name="walletentry",
            index=models.Index(fields=["tenant", "created_at", "id"], name="records_walletentry_created"),
        ),
        migrations.AddIndex(
            model_name="walletentry",
            index=models.Index(fields=["tenant", "region", "id"], name="records_walletentry_region"),
        ),
        migrations.AddIndex(
            model_name="walletentry",
            index=models.Index(fields=["tenant", "wallet", "id"], name="records_walletentry_wallet"),
        ),
        migrations.AddIndex(
            model_name="walletentry",
            index=models.Index(fields=["tenant", "reference_no"], name="records_walletentry_ref"),
        ),
        migrations.AddConstraint(
            model_name="walletentry",
            constraint=models.UniqueConstraint(fields=("tenant", "entry_no"), name="records_walletentry_no"),
        ),
        migrations.AddConstraint(
            model_name="walletentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("balance_after__gte", 0)), name="records_walletentry_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="walletentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "balance_after",
                            django.db.models.expressions.CombinedExpression(
                                models.F("balance_before"), "+", models.F("amount")
                            ),
                        ),
                        ("direction", "in"),
                    ),
                    models.Q(
                        (
                            "balance_after",
                            django.db.models.expressions.CombinedExpression(
                                models.F("balance_before"), "-", models.F("amount")
                            ),
                        ),
                        ("direction", "out"),
                    ),
                    _connector="OR",
                ),
                name="records_walletentry_adds_up",
            ),
        ),
        migrations.AddIndex(
            model_name="withdraw",
            index=models.Index(fields=["tenant", "created_at", "id"], name="records_withdraw_created"),
        ),
        migrations.AddIndex(
            model_name="withdraw",
            index=models.Index(fields=["tenant", "region", "id"], name="records_withdraw_region"),
        ),
        migrations.AddIndex(
            model_name="withdraw",
            index=models.Index(fields=["tenant", "wallet", "id"], name="records_withdraw_wallet"),
        ),
        migrations.AddIndex(
            model_name="withdraw",
            index=models.Index(
                condition=models.Q(("status__in", ["pending", "approved"])),
                fields=["tenant", "id"],
                name="records_withdraw_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdraw",
            constraint=models.UniqueConstraint(fields=("tenant", "withdraw_no"), name="records_withdraw_no"),
        ),
        migrations.AddConstraint(
            model_name="withdraw",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gt", 0),
                    (
                        "net_amount",
                        django.db.models.expressions.CombinedExpression(models.F("amount"), "-", models.F("fee")),
                    ),
                ),
                name="records_withdraw_adds_up",
            ),
        ),
        secure_tenant_table("records_campaign"),
        secure_tenant_table("records_team"),
        secure_tenant_table("records_task", references={"campaign_id": "records_campaign", "team_id": "records_team"}),
        secure_tenant_table("records_wallet", references={"member_id": "records_member"}),
        secure_tenant_table("records_walletentry", references={"wallet_id": "records_wallet"}),
        secure_tenant_table("records_withdraw", references={"wallet_id": "records_wallet"}),
        migrations.RunSQL(ANALYZE_BY_NAME, ANALYZE_FIRST_THREE),
    ]
