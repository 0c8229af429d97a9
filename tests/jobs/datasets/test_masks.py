"""A mask gives the same text in the database and in Python."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import datasets
from jobs.datasets import masks
from jobs.datasets.masks import Mask

MASKS = {name: mask for name, mask in vars(masks).items() if isinstance(mask, Mask)}

TEXTS = [
    "", " ", "@", "@@", "a@", "a@b", "@b", "a@b@c", "张@b", "张", "张三", "欧阳明月", "😀", "😀😀", "😀@😀", "e\u0301@",
    "123456", "1234567", "12345678", "1234567890", "13812345678", "+86 138 1234 5678", "11010519491231002X",
    "12345678901", "123456789012", "6222021234567890123", "*" * 12, "%s", "\\", "'", "\n\r\t", "\u202e12345678901",
    "中" * 10, "中" * 11, "中" * 12, "x" * 40_000,
]  # fmt: skip


def in_database(mask: Mask, texts: list[str | None]) -> list[str | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {mask.sql('x').replace('%', '%%')} FROM unnest(%s::text[]) WITH ORDINALITY t(x, n) ORDER BY n",
            [texts],
        )
        return [shown for (shown,) in cursor.fetchall()]


def test_every_mask_in_use_is_tested_here():
    used = {column.mask for dataset in datasets.all_datasets() for column in dataset.columns if column.mask is not None}
    assert used <= set(MASKS.values())
    assert {name: mask.name for name, mask in MASKS.items()} == {name: name for name in MASKS}


@pytest.mark.parametrize("name", sorted(MASKS))
def test_awkward_texts(db, name):
    mask = MASKS[name]
    assert [mask.python(text) for text in TEXTS] == in_database(mask, TEXTS)


@pytest.mark.parametrize("name", sorted(MASKS))
def test_null_stays_null_in_the_database(db, name):
    assert in_database(MASKS[name], [None, ""]) == [None, ""]


@pytest.mark.parametrize("name", sorted(MASKS))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
        | st.text(st.sampled_from("@a1张😀"), max_size=15),
        min_size=50,
        max_size=200,
    )
)
def test_any_text(db, name, texts):
    mask = MASKS[name]
    assert [mask.python(text) for text in texts] == in_database(mask, texts)
