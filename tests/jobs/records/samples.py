"""A few rows made by hand, so that expected values can be written down by hand too."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import NOT_PROVIDED, Field, Model

from accounts.models import User
from jobs.datasets import Dataset, all_datasets
from jobs.records.models import Member, Order, RiskHit

NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)
MODELS = list(apps.get_app_config("records").get_models())
"""Every sample table, so that a new one takes part in the tests of all of them by itself."""
OTHERS = sorted(
    {
        dataset.model
        for dataset in all_datasets()
        if not dataset.is_external and dataset.model._meta.app_label not in ("accounts", "records")
    },
    key=lambda model: model._meta.label,
)
"""Tables behind datasets of a company's own apps (EXTRA_APPS)."""


def member(no: str = "M000000001", **fields: Any) -> Member:
    """A member of the current tenant."""
    values = {
        "name": "张小三",
        "phone": "13812345678",
        "email": "zhang.san@example.com",
        "region": "华东",
        "created_at": datetime(2026, 1, 5, 8, tzinfo=UTC),
    }
    made: Member = Member.objects.create(member_no=no, **(values | fields))
    return made


def order(no: str, **fields: Any) -> Order:
    """An order of the current tenant."""
    values = {
        "buyer_name": "张小三",
        "buyer_phone": "13812345678",
        "region": "华东",
        "sku": "SKU1",
        "product_name": "茶",
        "quantity": 2,
        "amount": Decimal("100.00"),
        "discount": Decimal("0.10"),
        "paid_amount": Decimal("99.90"),
        "status": "completed",
        "created_at": datetime(2026, 3, 1, 2, tzinfo=UTC),
    }
    made: Order = Order.objects.create(order_no=no, **(values | fields))
    return made


def risk_hit(no: str = "H000000001", **fields: Any) -> RiskHit:
    """A risk hit of the current tenant."""
    values = {
        "rule_code": "R-1",
        "rule_name": "规则",
        "category": "payment",
        "level": "high",
        "score": Decimal("71.5"),
        "decision": "hold",
        "subject_name": "张小三",
        "subject_phone": "13812345678",
        "region": "华东",
        "created_at": datetime(2026, 3, 1, 3, tzinfo=UTC),
    }
    made: RiskHit = RiskHit.objects.create(hit_no=no, **(values | fields))
    return made


def one_of_each(region: str = "华东", suffix: str = "1") -> dict[type[Model], Any]:
    """A row in every sample table and in those of OTHERS, each referring to the others of the same call."""
    buyer = member(f"M{suffix}", region=region)
    bought = order(f"2026030100000000{suffix:>02}"[:18], region=region, member=buyer)
    made: dict[type[Model], Any] = {Member: buyer, Order: bought}
    made[RiskHit] = risk_hit(f"H{suffix}", region=region, member=buyer, order=bought)
    for model in (*MODELS, *OTHERS):
        make(model, region, suffix, made)
    return made


def for_dataset(dataset: Dataset, viewer: User, suffix: str = "1") -> None:
    """Rows of which ``dataset`` gives ``viewer`` one at least, also when it takes only some of its table's: those in
    one state, of one kind."""
    made = one_of_each(suffix=suffix)
    made.pop(dataset.model, None)
    if not dataset.is_external and not dataset.rows(viewer).exists():
        choices = [
            {field.name: code}
            for field in dataset.model._meta.concrete_fields
            if field.choices and field.name != "region"
            for code, _label in field.flatchoices
        ]
        for number, fields in enumerate(choices):
            make(dataset.model, suffix=f"{suffix}c{number}", made=dict(made), **fields)


def make(
    model: type[Model],
    region: str = "华东",
    suffix: str = "1",
    made: dict[type[Model], Any] | None = None,
    **fields: Any,
) -> Any:
    """A row of any sample table in the current tenant: what is not optional and not in ``fields`` is filled in by its
    type.

    Tables that it refers to get a row, too, unless ``made`` has one; what is made is put there.
    """
    made = {} if made is None else made
    if model not in made:
        values = {
            field.name: region if field.name == "region" else _value(field, region, suffix, made)
            for field in model._meta.concrete_fields
            if _needed(field) and field.name not in fields
        }
        made[model] = model._default_manager.create(**values, **fields)
    return made[model]


def _needed(field: "Field[Any, Any]") -> bool:
    return not (
        field.primary_key or field.null or field.default is not NOT_PROVIDED or (field.blank and not field.choices)
    )


def _value(field: "Field[Any, Any]", region: str, suffix: str, made: dict[type[Model], Any]) -> Any:
    if field.is_relation:
        return make(field.related_model, region, suffix, made)  # type: ignore[arg-type]
    if field.choices:
        return field.choices[0][0]  # type: ignore[index]
    kinds = {"DateTimeField": NOW, "DateField": NOW.date(), "DecimalField": Decimal(1), "BooleanField": False}
    kind = field.get_internal_type()
    if kind in kinds:
        return kinds[kind]
    if "Integer" in kind:
        return 1
    return f"{field.name}-{suffix}"[: field.max_length]
