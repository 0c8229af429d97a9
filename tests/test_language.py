"""Every page of the admin, and of one's own account, in Chinese: no word of English but codes, names and units."""

import pytest
from django.contrib import admin
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from exportcenter import urls  # noqa: F401 - registers what the product shows
from jobs.models import Webhook
from tests import translations
from tests.accounts import rows
from tests.visible_text import english_words, texts_of

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
LABELS = {model: model._meta.label for model in MODELS}
TERMS = {
    "AMQP",
    "API",
    "App",
    "CNY",
    "CSV",
    "Excel",
    "INFO",
    "IP",
    "JSON",
    "Parquet",
    "RabbitMQ",
    "Redis",
    "SKU",
    "SLA",
    "UTC",
    "Webhook",
    "YAML",
}
CODES = {"csv", "export", "exports", "Exports", "English", "POST", "https", "ping"}
"""As they are stored or sent, and a language's own name."""
HEADERS = {
    "Accept",
    "Allow",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "CSRF",
    "Idempotency-Key",
    "If-Match",
    "Retry-After",
}
HEADERS |= {"X-CSRFToken", "csrftoken", "details"}
"""What programs send and read, as texts about errors of the API name it."""
ROWS = {"Admin", "admin", "finance", "operator", "risk", "nobody", "platform", "Row", "row", "rows", "orders"}
ROWS |= {"Slow", "members"}
"""Names in the tests' world."""
ALLOWED = TERMS | CODES | ROWS
"""Besides these, the names of periodic tasks, which their own pages show as they are stored."""


@pytest.fixture
def client(sign_in):
    return sign_in("admin")


def url(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def english_on(client, address: str, *, besides: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Text → its English words, of the page at ``address``, but those ``besides`` the usual ones."""
    response = client.get(address, follow=True)
    assert response.status_code in (200, 403, 404), address
    names = PeriodicTask.objects.values_list("name", flat=True)
    allowed = ALLOWED | besides | {word for name in names for word in english_words(name)}
    found = {
        text: [word for word in english_words(text) if word not in allowed]
        for text in texts_of(response.content.decode())
    }
    return {text: words for text, words in found.items() if words}


@pytest.mark.parametrize("model", MODELS, ids=LABELS.get)
def test_every_page_of_a_model(client, world, model):
    with world.scope("admin"):
        row = rows.one_of(model, world.user("admin"))
    pages = [
        url(model, "changelist"),
        url(model, "add"),
        *(url(model, page, row.pk) for page in ("change", "history", "delete")),
    ]
    assert {page: english for page in pages if (english := english_on(client, page))} == {}


@pytest.mark.parametrize(
    "address",
    [
        "/admin/",
        "/admin/jobs/",
        "/admin/records/",
        "/admin/accounts/",
        "/admin/django_celery_beat/",
        "/accounts/me/",
        "/accounts/tokens/",
        "/accounts/tokens/?new",
        "/accounts/notifications/",
        "/accounts/password/change/",
        "/accounts/logout/",
        "/accounts/inactive/",
        "/accounts/reauthenticate/",
        "/admin/jobs/webhook/new/",
        "/api/docs/",
        "/api/redoc/",
        "/nowhere/",
    ],
)
def test_every_other_page(client, address):
    assert english_on(client, address) == {}


def test_the_page_of_error_codes(client):
    assert english_on(client, "/docs/errors", besides=frozenset(HEADERS) | {"xlsx"}) == {}


@pytest.mark.parametrize("doing", ["edit", "test", "rotate", "switch_off", "remove"])
def test_what_is_asked_about_a_webhook(client, world, doing):
    with world.scope("admin"):
        row = rows.one_of(Webhook, world.user("admin"))
    assert english_on(client, url(Webhook, doing, row.pk)) == {}


def test_our_own_tasks_have_chinese_names(client, world):
    names = set(PeriodicTask.objects.exclude(task__startswith="celery.").values_list("name", flat=True))
    assert names
    assert {name for name in names if ("", name) not in translations.catalogue("zh_Hans")} == set()
    page = client.get(url(PeriodicTask, "changelist")).content.decode()
    assert "删除无主文件" in page
    assert "Delete orphaned files" not in page


def test_a_crontab_line_is_put_into_the_readers_words(client, world):
    with world.scope("admin"):
        row = CrontabSchedule.objects.create(minute="30", hour="4", timezone="Asia/Shanghai")
        odd = CrontabSchedule.objects.create(minute="1-59/2", hour="*/3", day_of_month="1,15", timezone="UTC")
    assert "在 04:30 Asia/Shanghai" in client.get(url(CrontabSchedule, "change", row.pk)).content.decode()
    assert english_on(client, url(CrontabSchedule, "change", odd.pk)) == {}
    client.post("/i18n/setlang/", {"language": "en"})
    assert "At 04:30 Asia/Shanghai" in client.get(url(CrontabSchedule, "change", row.pk)).content.decode()


@pytest.mark.parametrize(
    ("html", "read"),
    [
        ("<p>Save <b>now</b></p>", ["Save", "now"]),
        ("<script>var word</script><style>p {}</style><code>word</code>", []),
        ('<button title="Close it">×</button>', ["Close", "it"]),
        ('<input type="submit" value="Send"><input value="typed">', ["Send"]),
        ('<span class="material-symbols-outlined">close_small</span>', []),
        ('<button lang="en">English</button>', []),
        ("<td>jobs.sweep user:U1001 req_9f a@example.com CSV，完成</td>", ["CSV"]),
        ('<select name="time_zone"><option>New York</option></select><p>Kept</p>', ["Kept"]),
    ],
)
def test_what_counts_as_english(html, read):
    assert [word for text in texts_of(html) for word in english_words(text)] == read
