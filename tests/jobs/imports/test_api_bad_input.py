"""What strangers send to the API of imports: refused with the right code, and nothing is kept (SPEC A3, B7, X8)."""

import gc
import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs.models import ImportFile, ImportJob
from tests.accounts.token_helpers import bearer, give
from tests.exports_helpers import ENGLISH, post, signed_in
from tests.imports_helpers import API, CONTENT, Imports

BORDER = "BoUnDaRy"
FORM = f"multipart/form-data; boundary={BORDER}"


@pytest.fixture
def imports(world):
    maker = Imports(world)
    yield maker
    maker.close()


@pytest.fixture
def operator(world):
    return signed_in(world, "operator")


def told(answer):
    return answer.status_code, answer.json()["code"]


def upload(client, *files, **fields):
    return client.post(f"{API}/files", {"file": list(files) if len(files) > 1 else files[0], **fields}, **ENGLISH)


def csv(content=CONTENT, name="members.csv"):
    return SimpleUploadedFile(name, content)


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", b"<workbook>" + b" " * (64 << 20) + b"</workbook>")
    return packed.getvalue()


class TestSending:
    @pytest.mark.parametrize("who", ["session", "token"])
    def test_what_is_no_form_with_one_file(self, world, who):
        client = signed_in(world, "operator") if who == "session" else Client(**bearer(give(world, "operator")))
        cases = [
            (client.generic("POST", f"{API}/files", b"{}", "application/json", **ENGLISH), 415),
            (client.generic("POST", f"{API}/files", "a=b", "application/x-www-form-urlencoded", **ENGLISH), 415),
            (client.generic("POST", f"{API}/files", b"x", "multipart/form-data", **ENGLISH), 400),
            (client.generic("POST", f"{API}/files", b"", "multipart/form-data", **ENGLISH), 400),
            (client.generic("POST", f"{API}/files", b"garbage", FORM, **ENGLISH), 400),
            (client.post(f"{API}/files", {}, **ENGLISH), 400),
            (client.post(f"{API}/files", {"file": "text"}, **ENGLISH), 400),
            (upload(client, csv(), csv()), 400),
            (upload(client, csv(), colour="red"), 400),
            (client.post(f"{API}/files", {"data": csv()}, **ENGLISH), 400),
            (client.post(f"{API}/files?name=x", {"file": csv()}, **ENGLISH), 400),
        ]
        assert [answer.status_code for answer, _wanted in cases] == [wanted for _answer, wanted in cases]
        assert cases[8][0].json()["details"] == {"colour": ["There is no such field. Allowed: file."]}
        assert cases[7][0].json()["details"] == {"file": ["Send exactly one file in this field."]}
        with world.scope("operator"):
            assert ImportFile.objects.count() == 0

    @pytest.mark.parametrize("size", [1005, 200_000])
    def test_a_large_one_is_refused(self, world, operator, settings, size, tmp_path):
        """By its length, unread, or by the first byte that is too many."""
        settings.IMPORT_FILE_BYTES, settings.FILE_UPLOAD_TEMP_DIR = 1000, str(tmp_path)
        assert told(upload(operator, csv(b"a,b\r\n" * (size // 5)))) == (413, "BODY_TOO_LARGE")
        gc.collect()
        assert list(tmp_path.iterdir()) == []
        assert upload(operator, csv(b"a,b\r\n" * 200)).status_code == 201

    def test_a_false_length_helps_nobody(self, world, operator, settings):
        settings.IMPORT_FILE_BYTES = 1000
        body = (
            f'--{BORDER}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
            + "a,b\r\n" * 10_000
            + f"\r\n--{BORDER}--\r\n"
        )
        answer = operator.generic("POST", f"{API}/files", body.encode(), FORM, CONTENT_LENGTH="99", **ENGLISH)
        assert answer.status_code in (400, 413, 422)

    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (b"", "empty.csv"),
            (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "picture.csv"),
            (b"%PDF-1.7\n1 0 obj\n", "paper.xlsx"),
            (b"PK\x03\x04broken", "broken.xlsx"),
            (bomb(), "bomb.xlsx"),
            (b"MZ" + b"\0" * 200, "members.csv"),
        ],
    )
    def test_what_is_no_table_is_not_kept(self, world, operator, content, name):
        answer = upload(operator, csv(content, name))
        assert told(answer) == (422, "UNREADABLE_FILE")
        assert answer.json()["advice"]
        with world.scope("operator"):
            assert ImportFile.objects.count() == 0

    @pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 300 + ".csv", "名\u202e字.csv", "x\ty.csv"])
    def test_names_decide_nothing(self, world, operator, name):
        answer = upload(operator, csv(name=name))
        assert answer.status_code == 201
        kept = answer.json()["name"]
        assert 0 < len(kept) <= 200
        assert not {"/", "\\", "\u202e", "\t"} & set(kept)

    def test_a_browsers_session_needs_its_token(self, world):
        client = Client(enforce_csrf_checks=True)
        with world.scope("operator"):
            client.force_login(world.user("operator"))
        assert told(upload(client, csv())) == (403, "CSRF_FAILED")

    def test_nobody_fills_the_store_who_may_import_nothing(self, world):
        assert told(upload(signed_in(world, "nobody"), csv())) == (403, "FORBIDDEN")
        assert told(upload(Client(), csv())) == (401, "NOT_AUTHENTICATED")


BAD_NUMBERS = ["I1", "x", "%00", "I20261128001%00", "I" * 500, "..%2f..", "I20261128001'--", "１"]


class TestAddresses:
    @pytest.mark.parametrize("number", BAD_NUMBERS)
    def test_imports_that_are_not_there(self, world, operator, number):
        for rest in ("", "/rows", "/changes"):
            assert operator.get(f"{API}/{number}{rest}", **ENGLISH).status_code == 404
        for step in ("confirm", "cancel", "retry", "undo"):
            assert post(operator, f"{API}/{number}/{step}").status_code == 404

    @pytest.mark.parametrize("file_id", ["x", "%00", "1" * 400, "00000000-0000-4000-8000-000000000000", "0" * 32, "-1"])
    def test_files_that_are_not_there(self, world, operator, file_id):
        assert told(operator.get(f"{API}/files/{file_id}", **ENGLISH)) == (404, "NOT_FOUND")

    def test_files_of_others(self, world, imports, operator):
        for owner in ("operator2", "globex_admin"):
            kept = imports.file(owner)
            assert told(operator.get(f"{API}/files/{kept.pk}", **ENGLISH)) == (404, "NOT_FOUND")
            wish = {"file_id": str(kept.pk), "dataset": "members", "mode": "create"}
            assert told(post(operator, API, wish)) == (404, "NOT_FOUND")

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("page_size=201", "page_size"),
            ("page_size=999999999999999999999", "page_size"),
            ("page_size=0", "page_size"),
            ("page_size=１", "page_size"),
            ("cursor=x", "cursor"),
            ("cursor=%00", "cursor"),
            ("cursor=" + "x" * 5000, "cursor"),
            ("colour=red", "colour"),
        ],
    )
    def test_pages(self, world, imports, operator, query, field):
        number = imports.make("operator", "ready").job_no
        for address in (f"{API}/{number}/rows", f"{API}/{number}/changes"):
            answer = operator.get(f"{address}?{query}", **ENGLISH)
            assert told(answer) == (400, "INVALID_PARAMETERS")
            assert list(answer.json()["details"]) == [field]

    def test_a_cursor_belongs_to_its_list(self, world, imports, operator):
        one, other = imports.make("operator", "review"), imports.make("operator", "review")
        with world.scope("operator"):
            for job in (one, other):
                type(job).objects.filter(pk=job.pk).update(problems=[])
        first = operator.get(f"{API}?cursor=&page_size=1", **ENGLISH).json()["next_cursor"]
        assert told(operator.get(f"{API}/{one.job_no}/rows?cursor={first}", **ENGLISH)) == (400, "INVALID_PARAMETERS")
        assert told(operator.get(f"{API}?cursor={first}&status=review", **ENGLISH)) == (400, "INVALID_PARAMETERS")

    def test_outcomes_are_named(self, world, imports, operator):
        number = imports.make("operator", "ready").job_no
        answer = operator.get(f"{API}/{number}/changes?outcome=%00", **ENGLISH)
        assert answer.json()["details"] == {"outcome": ["Allowed: removed, restored, edited, used, gone."]}

    @pytest.mark.parametrize(
        "query",
        [
            "status=ended", "status=", "dataset=wallet_ledger", "created_from=yesterday", "q=%00", "ordering=status",
            "created_by=" + "U" * 21, "q=" + "I" * 31, "page=0", "page=1e3", "page=1&cursor=", "type=orders",
            "created_from=9999-12-31T23:59:59-23:00", "total=true",
        ],
    )  # fmt: skip
    def test_filters_of_the_list(self, world, operator, query):
        assert told(operator.get(f"{API}?{query}", **ENGLISH)) == (400, "INVALID_PARAMETERS")

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("dataset=members", "mode"),
            ("mode=create", "dataset"),
            ("dataset=planets&mode=create", "dataset"),
            ("dataset=%00&mode=create", "dataset"),
            ("dataset=wallet_ledger&mode=create", "dataset"),
            ("dataset=members&mode=delete", "mode"),
            ("kind=pdf", "kind"),
            ("delimiter=%00", "delimiter"),
            ("header_row=-1", "header_row"),
            ("header_row=1e3", "header_row"),
            ("header_row=０", "header_row"),
            ("header_row=1001", "header_row"),
            ("colour=red", "colour"),
        ],
    )
    def test_looking_into_a_file(self, world, imports, operator, query, field):
        answer = operator.get(f"{API}/files/{imports.file('operator').pk}?{query}", **ENGLISH)
        assert told(answer) == (400, "INVALID_PARAMETERS")
        assert list(answer.json()["details"]) == [field]

    @pytest.mark.parametrize(
        "query", ["encoding=rot13", "encoding=%00", "encoding=bz2_codec", "kind=xlsx", "sheet=x&kind=xlsx"]
    )
    def test_reading_it_in_a_way_that_fails(self, world, imports, operator, query):
        answer = operator.get(f"{API}/files/{imports.file('operator').pk}?{query}", **ENGLISH)
        assert answer.status_code in (400, 422)
        assert answer.json()["message"]


DEEP = '{"mapping": ' + '{"0":' * 50 + "1" + "}" * 51
WISH = {"dataset": "members", "mode": "create"}


class TestStarting:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"dataset": "planets"}, "dataset"),
            ({"dataset": "wallet_ledger"}, "dataset"),
            ({"dataset": 7}, "dataset"),
            ({"mode": "delete"}, "mode"),
            ({"mode": None}, "mode"),
            ({"on_error": "ignore"}, "on_error"),
            ({"on_error": []}, "on_error"),
            ({"source": "x" * 201}, "source"),
            ({"source": "a\u202eb"}, "source"),
            ({"file_id": 1}, "file_id"),
            ({"colour": "red"}, "colour"),
            ({"mapping": []}, "mapping"),
            ({"mapping": "x"}, "mapping"),
            ({"mapping": {"-1": "member_no"}}, "mapping"),
            ({"mapping": {"1e3": "member_no"}}, "mapping"),
            ({"mapping": {"０": "member_no"}}, "mapping"),
            ({"mapping": {"00": "member_no"}}, "mapping"),
            ({"mapping": {" 0": "member_no"}}, "mapping"),
            ({"mapping": {"0\n": "member_no"}}, "mapping"),
            ({"mapping": {"": "member_no"}}, "mapping"),
            ({"mapping": {"999999999999999999999": "member_no"}}, "mapping"),
            ({"mapping": {"7": "member_no"}}, "mapping"),
            ({"mapping": {"0": "colour"}}, "mapping"),
            ({"mapping": {"0": None}}, "mapping"),
            ({"mapping": {"0": "member_no", "1": "member_no"}}, "mapping"),
            ({"mapping": {str(n): "member_no" for n in range(30_000)}}, "mapping"),
            ({"mapping": {str(n): str(n) for n in range(200)}}, "mapping"),
            ({"choices": []}, "choices"),
            ({"choices": {"kind": "pdf"}}, "choices.kind"),
            ({"choices": {"colour": "red"}}, "choices.colour"),
            ({"choices": {"header_row": "1"}}, "choices.header_row"),
            ({"choices": {"header_row": True}}, "choices.header_row"),
            ({"choices": {"header_row": 10**30}}, "choices.header_row"),
            ({"choices": {"delimiter": ["x"]}}, "choices.delimiter"),
        ],
    )
    def test_a_wrong_wish_is_refused_by_name(self, world, imports, operator, change, field):
        file_id = str(imports.file("operator").pk)
        answer = post(operator, API, WISH | {"file_id": file_id} | change)
        assert told(answer) == (400, "INVALID_PARAMETERS")
        assert list(answer.json()["details"]) == [field]
        assert len(answer.content) < 100_000
        with world.scope("operator"):
            assert ImportJob.objects.count() == 0

    def test_what_is_lacking_is_named(self, world, operator):
        assert list(post(operator, API, {}).json()["details"]) == ["file_id", "dataset", "mode"]

    @pytest.mark.parametrize(
        "body",
        ["", "[]", "null", '"x"', "{", '{"mode": "create", "mode": "create"}', "[" * 100_000, DEEP],
    )  # fmt: skip
    def test_what_is_no_json(self, world, operator, body):
        answer = operator.post(API, body, content_type="application/json", **ENGLISH)
        assert answer.status_code == 400

    def test_a_million_columns(self, world, operator):
        body = "{" + ",".join(f'"{number}":"x"' for number in range(1_000_000)) + "}"
        answer = operator.post(API, '{"mapping":' + body + "}", content_type="application/json", **ENGLISH)
        assert told(answer) == (413, "BODY_TOO_LARGE")

    @pytest.mark.parametrize("file_id", ["", "x", "\u0000", "00000000-0000-4000-8000-000000000000"])
    def test_a_file_that_is_not_there(self, world, operator, file_id):
        answer = post(operator, API, WISH | {"file_id": file_id})
        assert answer.status_code == (400 if "\0" in file_id else 404)

    def test_a_null_mapping_is_a_guess(self, world, imports, operator):
        made = post(operator, API, WISH | {"file_id": str(imports.file("operator").pk), "mapping": None})
        assert (made.status_code, [one["key"] for one in made.json()["mapping"]]) == (
            202,
            ["member_no", "name", "region"],
        )

    def test_rights_are_those_of_mode_and_dataset(self, world, imports):
        file_id = str(imports.file("finance").pk)
        finance = signed_in(world, "finance")
        refused = post(finance, API, WISH | {"file_id": file_id})
        assert told(refused) == (403, "FORBIDDEN")
        assert "import · Members · create" in refused.json()["message"]

    def test_what_is_not_due_is_a_conflict(self, world, imports, operator):
        at = {
            status: f"{API}/{imports.make('operator', status).job_no}"
            for status in ("queued", "review", "failed", "ready")
        }
        wrong = [
            ("queued", "confirm"),
            ("ready", "confirm"),
            ("ready", "cancel"),
            ("review", "retry"),
            ("failed", "undo"),
            ("review", "undo"),
        ]
        for status, step in wrong:
            assert told(post(operator, f"{at[status]}/{step}")) == (409, "STATE_CONFLICT"), (status, step)
        assert list(post(operator, f"{at['review']}/confirm", {"force": True}).json()["details"]) == ["force"]
