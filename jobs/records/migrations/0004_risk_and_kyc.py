"""Risk tickets, lists and rules, and KYC cases, each behind the wall of its tenant."""

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy
from exportcenter.common.rls import secure_tenant_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_walls"),
        ("records", "0003_money_and_growth"),
    ]

    operations = [
        migrations.CreateModel(
            name="KycCase",
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
                ("case_no", models.CharField(db_collation="C", max_length=20, verbose_name="case no.")),
                ("name", models.CharField(max_length=50, verbose_name="name on the document")),
                (
                    "document_type",
                    models.CharField(
                        choices=[
                            ("id_card", "Identity card"),
                            ("passport", "Passport"),
                            ("residence_permit", "Residence permit"),
                        ],
                        max_length=20,
                        verbose_name="document",
                    ),
                ),
                ("id_number", models.CharField(db_collation="C", max_length=32, verbose_name="document no.")),
                ("expires_on", models.DateField(blank=True, null=True, verbose_name="document valid until")),
                (
                    "face_score",
                    models.DecimalField(
                        blank=True, decimal_places=3, max_digits=6, null=True, verbose_name="face score"
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=1, verbose_name="times submitted")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("app", "App"),
                            ("mini_program", "Mini program"),
                            ("web", "Website"),
                            ("store", "Store"),
                            ("referral", "Referral"),
                        ],
                        default="app",
                        max_length=20,
                        verbose_name="source",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("submitted", "Awaiting review"),
                            ("reviewing", "In review"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                        ],
                        default="submitted",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("reviewer", models.CharField(blank=True, max_length=50, verbose_name="reviewer")),
                (
                    "reject_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("blurred", "Picture not legible"),
                            ("expired", "Document expired"),
                            ("mismatch", "Name and number do not match"),
                            ("face", "Face does not match"),
                            ("underage", "Under age"),
                        ],
                        max_length=10,
                        verbose_name="reason of rejection",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("created_at", models.DateTimeField(verbose_name="submitted")),
                ("reviewed_at", models.DateTimeField(blank=True, null=True, verbose_name="reviewed")),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="kyc_cases",
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
                "verbose_name": "KYC case",
                "verbose_name_plural": "KYC cases",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["tenant", "created_at", "id"], name="records_kyccase_created"),
                    models.Index(fields=["tenant", "region", "id"], name="records_kyccase_region"),
                    models.Index(fields=["tenant", "status", "id"], name="records_kyccase_status"),
                ],
                "constraints": [models.UniqueConstraint(fields=("tenant", "case_no"), name="records_kyccase_no")],
            },
        ),
        migrations.CreateModel(
            name="RiskListEntry",
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
                ("entry_no", models.CharField(db_collation="C", max_length=20, verbose_name="list entry no.")),
                (
                    "list_type",
                    models.CharField(
                        choices=[("black", "Blacklist"), ("white", "Whitelist"), ("grey", "Watch list")],
                        max_length=10,
                        verbose_name="list type",
                    ),
                ),
                (
                    "subject_kind",
                    models.CharField(
                        choices=[
                            ("phone", "Phone number"),
                            ("device", "Device no."),
                            ("ip", "IP address"),
                            ("id_card", "Identity card"),
                            ("bank_card", "Bank card"),
                        ],
                        max_length=10,
                        verbose_name="kind of value",
                    ),
                ),
                ("value", models.CharField(db_collation="C", max_length=64, verbose_name="value")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("manual", "By hand"),
                            ("rule", "Risk rule"),
                            ("import", "Import"),
                            ("partner", "Partner"),
                        ],
                        default="manual",
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Applied"), ("suspended", "Suspended"), ("revoked", "Revoked")],
                        default="active",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("valid_from", models.DateTimeField(verbose_name="valid from")),
                ("valid_until", models.DateTimeField(blank=True, null=True, verbose_name="valid until")),
                ("hits", models.PositiveIntegerField(default=0, verbose_name="hits")),
                ("added_by", models.CharField(blank=True, max_length=50, verbose_name="added by")),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("created_at", models.DateTimeField(verbose_name="added")),
                ("updated_at", models.DateTimeField(blank=True, null=True, verbose_name="changed")),
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
                "verbose_name": "risk list entry",
                "verbose_name_plural": "risk lists",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["tenant", "created_at", "id"], name="records_risklist_created"),
                    models.Index(fields=["tenant", "region", "id"], name="records_risklist_region"),
                    models.Index(fields=["tenant", "subject_kind", "value"], name="records_risklist_value"),
                ],
                "constraints": [models.UniqueConstraint(fields=("tenant", "entry_no"), name="records_risklist_no")],
            },
        ),
        migrations.CreateModel(
            name="RiskRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(db_collation="C", max_length=20, verbose_name="rule")),
                ("name", models.CharField(max_length=100, verbose_name="rule name")),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("payment", "Payment fraud"),
                            ("account", "Account takeover"),
                            ("promotion", "Promotion abuse"),
                            ("refund", "Refund abuse"),
                            ("logistics", "Suspicious address"),
                        ],
                        max_length=20,
                        verbose_name="category",
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High"), ("critical", "Critical")],
                        max_length=10,
                        verbose_name="level",
                    ),
                ),
                ("expression", models.TextField(verbose_name="expression")),
                ("threshold", models.DecimalField(decimal_places=4, max_digits=18, verbose_name="threshold")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("pass", "Let through"),
                            ("verify", "Ask to verify"),
                            ("hold", "Hold"),
                            ("block", "Block"),
                        ],
                        max_length=10,
                        verbose_name="measure",
                    ),
                ),
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
                ("hits_30d", models.PositiveIntegerField(default=0, verbose_name="hits in 30 days")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                ("owner", models.CharField(blank=True, max_length=50, verbose_name="responsible")),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("updated_at", models.DateTimeField(blank=True, null=True, verbose_name="changed")),
                (
                    "tenant",
                    models.ForeignKey(
                        default=accounts.tenancy.current,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "risk rule",
                "verbose_name_plural": "risk rules",
                "ordering": ["-id"],
                "constraints": [models.UniqueConstraint(fields=("tenant", "code"), name="records_riskrule_code")],
            },
        ),
        migrations.CreateModel(
            name="RiskTicket",
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
                ("ticket_no", models.CharField(db_collation="C", max_length=20, verbose_name="ticket no.")),
                ("title", models.CharField(max_length=200, verbose_name="ticket subject")),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("payment", "Payment fraud"),
                            ("account", "Account takeover"),
                            ("promotion", "Promotion abuse"),
                            ("refund", "Refund abuse"),
                            ("logistics", "Suspicious address"),
                        ],
                        max_length=20,
                        verbose_name="category",
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High"), ("critical", "Critical")],
                        max_length=10,
                        verbose_name="level",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Not yet taken on"),
                            ("working", "In progress"),
                            ("waiting", "Waiting for the customer"),
                            ("closed", "Settled"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("rule", "Risk rule"), ("complaint", "Complaint"), ("audit", "Spot check")],
                        default="rule",
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                ("assignee", models.CharField(blank=True, max_length=50, verbose_name="assignee")),
                (
                    "conclusion",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("fraud", "Fraud"),
                            ("abuse", "Breach of rules"),
                            ("harmless", "Harmless"),
                            ("unclear", "Not to be settled"),
                        ],
                        max_length=10,
                        verbose_name="conclusion",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="amount at risk"),
                ),
                (
                    "refunded_amount",
                    models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="amount refunded"),
                ),
                (
                    "handling_minutes",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="handling time (minutes)"),
                ),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("created_at", models.DateTimeField(verbose_name="opened on")),
                ("due_at", models.DateTimeField(verbose_name="due by")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed on")),
                (
                    "hit",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="tickets",
                        to="records.riskhit",
                        verbose_name="risk hit",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="risk_tickets",
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
                "verbose_name": "risk ticket",
                "verbose_name_plural": "risk tickets",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["tenant", "created_at", "id"], name="records_riskticket_created"),
                    models.Index(fields=["tenant", "region", "id"], name="records_riskticket_region"),
                    models.Index(fields=["tenant", "status", "due_at"], name="records_riskticket_status"),
                ],
                "constraints": [models.UniqueConstraint(fields=("tenant", "ticket_no"), name="records_riskticket_no")],
            },
        ),
        secure_tenant_table("records_kyccase", references={"member_id": "records_member"}),
        secure_tenant_table("records_risklistentry"),
        secure_tenant_table("records_riskrule"),
        secure_tenant_table(
            "records_riskticket", references={"hit_id": "records_riskhit", "member_id": "records_member"}
        ),
    ]
