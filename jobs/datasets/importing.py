"""What may be written into a dataset from a file (SPEC B1–B4): declared with the dataset, checked everywhere alike."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.models import User


class Mode(models.TextChoices):
    """What an import may do to rows that exist, and to those that do not."""

    CREATE = "create", _("Add new rows")
    UPDATE = "update", _("Change existing rows")
    UPSERT = "upsert", _("Add new rows, change existing ones")


@dataclass(frozen=True)
class Rule:
    """Something that a column's value must be, beyond its type.

    Attributes:
        code: of the problem (jobs.imports.problems has its sentence)
        holds: whether a value, never None, fulfils it
    """

    code: str
    holds: Callable[[Any], bool]


_PHONE = re.compile(r"\(?\+?[0-9][0-9 ()\-]{5,18}\Z")

PHONE = Rule("NOT_A_PHONE", lambda value: _PHONE.match(value) is not None)
NOT_NEGATIVE = Rule("NEGATIVE", lambda value: value >= 0)


COMMON_SYNONYMS: Mapping[str, Sequence[str]] = {
    "region": ("地区", "区域", "大区", "所属地区", "销售区域", "area"),
    "city": ("城市", "所在城市", "town"),
    "level": ("等级", "级别", "会员等级", "团队等级", "grade", "tier"),
    "status": ("状态", "state"),
    "source": ("来源", "渠道来源", "origin"),
    "channel": ("渠道", "下单渠道"),
    "phone": ("手机", "手机号", "手机号码", "电话", "联系电话", "mobile", "mobile phone", "tel"),
    "email": ("邮件", "电子邮件", "邮箱", "mail"),
    "gender": ("性别", "sex"),
    "points": ("积分", "当前积分"),
    "note": ("备注", "说明", "remark", "remarks", "comment"),
    "created_at": ("创建时间", "创建日期", "created"),
}
"""Headings that mean a column of this key in whichever dataset."""


def regions_of(viewer: User) -> Collection[str] | None:
    """Regions whose rows ``viewer`` may write; None: all."""
    return None if policy.may(viewer, policy.Action.ALL_REGIONS) else frozenset(viewer.regions)


@dataclass(frozen=True)
class Importing:
    """
    What a file may do to a dataset's table.

    Attributes:
        key: key of the column whose value names a row, unique within the company
        columns: keys of the columns that may be written, the key's first. Such a column is a field of the model, or
            the natural key of a row that a foreign key leads to (``value="member__member_no"``)
        modes: what is offered
        fills: column of the table → SQL of its value in a new row whose file does not say it
        touches: column of the table → SQL of its value in every row that an import changes
        limits: key of a column → values that a person may write there; None: all
        rules: key of a column → what its values must be, beyond what the model's field says
        spelling: key of a column → the one spelling of a value, applied before it is checked
        synonyms: key of a column → other headings that mean it, beside title, key, the model's own name and the
            COMMON_SYNONYMS of its key
        required: keys of columns without which no new row is made, though the table would take an empty value
    """

    key: str
    columns: Sequence[str]
    modes: Sequence[Mode] = (Mode.CREATE, Mode.UPDATE, Mode.UPSERT)
    fills: Mapping[str, str] = field(default_factory=lambda: {"created_at": "now()"})
    touches: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Callable[[User], Collection[Any] | None]] = field(
        default_factory=lambda: {"region": regions_of}
    )
    rules: Mapping[str, Sequence[Rule]] = field(default_factory=dict)
    spelling: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    synonyms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    required: Sequence[str] = ()
