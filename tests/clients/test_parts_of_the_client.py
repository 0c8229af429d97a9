"""Pure parts of the client: names, lines of streams, addresses, configuration, words."""

import json
import os
import re
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportcenter_client import Client, ConfigError, ProtocolError
from exportcenter_client.cli import codes, parsing, screen, words
from exportcenter_client.config import ConfigFile, find
from exportcenter_client.credentials import Pair
from exportcenter_client.logs import fresh
from exportcenter_client.names import distinct, safe_name
from exportcenter_client.reading import retry_after
from exportcenter_client.session import Patience, base_of
from exportcenter_client.sse import Event, Parser
from exportcenter_client.urls import hide_tokens, page_of, rooted, segment


# --- names ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("suggested", "name"),
    [
        ("订单_2025-09-01_E20250901001.csv", "订单_2025-09-01_E20250901001.csv"),
        ("../../etc/passwd", "etc-passwd"),
        ("..\\..\\x.csv", "x.csv"),
        ("C:\\Windows\\x.csv", "C--Windows-x.csv"),
        ("file.csv:stream", "file.csv-stream"),
        ("NUL.csv", "_NUL.csv"),
        (".bashrc", "bashrc"),
        ("-rf.csv", "rf.csv"),
        ("x\u202evsc.exe", "xvsc.exe"),
        ("a\r\nb.csv", "a b.csv"),
        ("a.csv.part", "a.csv.part_"),
        ("a.csv.part.json", "a.csv.part.json_"),
        ("  ", "E1"),
        ("...", "E1"),
        ("/", "E1"),
        (None, "E1"),
        (5, "E1"),
    ],
)
def test_names(suggested, name):
    assert safe_name(suggested, "E1") == name


@given(st.text(max_size=400))
def test_no_name_leaves_its_folder(text):
    name = safe_name(text, "E1")
    assert os.path.basename(name) == name
    assert name not in ("", ".", "..")
    assert not re.search(r'[\\/:*?"<>|\x00-\x1f\x7f]', name)
    assert name[0] != "."
    assert len(name.encode()) <= 190
    assert not name.endswith((".part", ".part.json"))


@given(st.lists(st.text(max_size=5), max_size=6))
def test_no_two_parts_share_a_name(texts):
    names = distinct(safe_name(text, "E1") for text in texts)
    assert len({name.casefold() for name in names}) == len(texts)


def test_a_long_name_keeps_its_extension():
    assert safe_name("订" * 300 + ".csv.gz", "E1").endswith(".gz")


# --- streams ---------------------------------------------------------------------------------------------------
STREAM = (
    'retry: 5\r\nevent: hello\r\nid: a-1\r\ndata: {"last":"a-1"}\r\n\r\n'
    ": ping\n\nid: a-2\nevent: 中\rdata: 1\rdata:2\r\r"
)


@given(st.lists(st.integers(0, len(STREAM.encode())), max_size=12))
def test_a_stream_may_be_cut_anywhere(cuts):
    content, parser, events = STREAM.encode(), Parser(), []
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), len(content)], strict=True):
        events += parser.feed(content[first:last])
    events += parser.feed(b"\n")
    assert events == [Event("hello", '{"last":"a-1"}', "a-1"), Event("中", "1\n2", "a-2")]


def test_a_stream_without_end_is_left():
    parser = Parser()
    with pytest.raises(ProtocolError):
        any(list(parser.feed(b"x" * (1 << 20))) for _ in range(10))


def test_the_overlap_of_two_tails():
    assert fresh([], ["a", "b"]) == ["a", "b"]
    assert fresh(["a", "b"], ["b", "c"]) == ["c"]
    assert fresh(["a", "b"], ["a", "b"]) == []
    assert fresh(["a", "a"], ["a", "a", "a"]) == ["a"]
    assert fresh(["a"], ["x", "y"]) == ["[…]", "x", "y"]


# --- addresses -------------------------------------------------------------------------------------------------
def test_base_addresses():
    assert base_of("https://x.example") == base_of("https://x.example/api/v1/") == "https://x.example/api/v1"
    assert base_of("http://x.example:80/sub") == "http://x.example:80/sub/api/v1"
    for wrong in ("x.example", "ftp://x", "https://me:secret@x", "https://x/?a=1", ""):
        with pytest.raises(ConfigError) as fault:
            base_of(wrong)
        assert "secret" not in str(fault.value)


def test_links_lead_to_the_server_that_was_asked():
    assert rooted("http://evil.invalid/api/v1/exports/E1/download?token=x") == "/api/v1/exports/E1/download?token=x"
    for wrong in (None, "", "//evil/x", "http://h//evil/x", "file:///etc/passwd", "javascript:1", "http://[", "x"):
        with pytest.raises(ProtocolError):
            rooted(wrong)
    assert hide_tokens("GET http://h/d?token=secret&part=1 x") == "GET http://h/d?token=***&part=1 x"
    assert segment("E20250901001") == "E20250901001"


def test_pages_about_errors_are_those_of_the_server():
    assert page_of("/docs/errors#FORBIDDEN", "https://x.example") == "https://x.example/docs/errors#FORBIDDEN"
    for wrong in ("", "//evil.invalid/x", "https://evil.invalid/", "@evil.invalid/", "/x\x1b[2J", "/x?token=1", "docs"):
        assert page_of(wrong, "https://x.example") == ""


def test_times_to_wait():
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    for wrong in ("", "soon", "-1", "1e9", "9" * 50):
        assert retry_after({"retry-after": wrong}) is None
    waits = [Patience(first_wait=1, longest_wait=8).wait(failures) for failures in (1, 2, 3, 4, 5, 2000)]
    assert all(low / 2 <= wait <= low for wait, low in zip(waits, (1, 2, 4, 8, 8, 8), strict=True))


# --- configuration -----------------------------------------------------------------------------------------------
def test_a_file_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "config.json"
    ConfigFile(path).write({"url": "http://x.example", "token": "ec_secret"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    base, who = find(None, {}, path)
    assert (base, who.bearer) == ("http://x.example/api/v1", "ec_secret")
    for mode in (0o640, 0o604, 0o644, 0o620):
        path.chmod(mode)
        with pytest.raises(ConfigError, match="chmod 600"):
            find(None, {}, path)


def test_what_is_stored_for_one_server_goes_to_no_other(tmp_path):
    path = tmp_path / "config.json"
    ConfigFile(path).write({"url": "http://x.example", "token": "ec_secret"})
    with pytest.raises(ConfigError):
        find("http://evil.example", {}, path)
    assert find("http://x.example/", {}, path)[1].bearer == "ec_secret"
    assert find("http://y.example", {"EXPORTCENTER_TOKEN": "ec_y"}, path)[1].bearer == "ec_y"
    assert find(None, {"EXPORTCENTER_USERNAME": "a", "EXPORTCENTER_PASSWORD": "b"}, path)[1].username == "a"


def test_broken_configuration_says_so_and_shows_nothing(tmp_path):
    path = tmp_path / "config.json"
    for content in ("{", "[]", '"ec_secret"', '{"url": "http://x"}', '{"url": 5, "token": "ec_secret"}', "\xff"):
        path.write_bytes(content.encode("latin-1"))
        path.chmod(0o600)
        with pytest.raises(ConfigError) as fault:
            find(None, {}, path)
        assert "ec_secret" not in str(fault.value)
    for environment in ({"EXPORTCENTER_USERNAME": "a"}, {"EXPORTCENTER_TOKEN": "a b"}, {}):
        with pytest.raises(ConfigError):
            find("http://x.example", environment, tmp_path / "none")


def test_renewed_tokens_are_kept_until_sign_out(tmp_path):
    file = ConfigFile(tmp_path / "config.json")
    file.write({"url": "http://x.example", "access": "1", "refresh": "2"})
    with file.lock():
        file.save(Pair("3", "4"))
    assert json.loads(file.path.read_text()) == {"url": "http://x.example", "access": "3", "refresh": "4"}
    assert file.forget()
    file.save(Pair("5", "6"))
    assert file.load() is None


def test_no_repr_shows_a_secret():
    client = Client("http://x.example", token="ec_secret")
    assert "secret" not in f"{client!r}{client._session!r}{client._session.credentials!r}{Pair('secret', 'secret')!r}"


# --- the command line ----------------------------------------------------------------------------------------------
def test_words_of_the_command_line():
    assert parsing.pairs(["a=1", "b=x=y", "c:=[1,2]", "d:=true", "e=1", "e=2", "e=3"]) == {
        "a": "1", "b": "x=y", "c": [1, 2], "d": True, "e": ["1", "2", "3"],
    }  # fmt: skip
    for wrong in ("a", "=1", "a:=nonsense"):
        with pytest.raises(parsing.WrongWords):
            parsing.pairs([wrong])
    said = parsing.parser().parse_args(["exports", "create", "orders", "--option", "raw=true", "--columns", "a, b"])
    assert parsing.wish_of(said) == {
        "type": "orders", "params": None, "columns": ["a", "b"], "file_type": None, "options": {"raw": True},
    }  # fmt: skip


def test_every_sentence_is_said_in_chinese_with_its_values():
    holes = re.compile(r"\{\w+\}")
    for english, chinese in words.CHINESE.items():
        assert sorted(holes.findall(english)) == sorted(holes.findall(chinese))
    source = "".join(path.read_text() for path in (parsing.Path(parsing.__file__).parent).glob("*.py"))
    said = set(re.findall(r'(?:say|note)\(\s*"([^"]+)"', source))
    assert len(said) > 12
    assert said <= set(words.CHINESE)
    assert words.language_of({"LANG": "zh_CN.UTF-8"}) == words.language_of({"LC_ALL": "zh", "LANG": "en"}) == "zh-hans"
    assert words.language_of({"LANG": "en_US"}) == words.language_of({"LC_ALL": "C", "LANG": "zh"}) == "en"


def test_servers_do_not_steer_the_terminal():
    assert screen.clean("a\x1b[2Jb\x07\u202ec\n") == "a[2Jbc\n"
    assert screen.table([["订单", "1"], ["ab", "22"]]) == "订单  1\nab    22"


def test_exit_codes_are_all_told():
    told = {int(number) for number in re.findall(r"^ *(\d+)  ", codes.TABLE, flags=re.MULTILINE)}
    assert told == {*range(10), 130}
