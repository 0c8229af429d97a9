"""The one way out: what it refuses, what it bounds, and that it talks to the very address it has checked."""

import itertools
import socket
import ssl
import threading
import time

import pytest

from exportcenter.common import egress
from exportcenter.common.addresses import is_public
from exportcenter.common.egress import EgressError, Problem
from tests.receiver import Certificate, Receiver, says

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.171",
    "192.0.2.7",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2606:4700::1111%1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450::8a",
]
URLS = [
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://hooks.example.com/",
    "//hooks.example.com/",
    "hooks.example.com",
    "https:hooks.example.com",
    "https:///path",
    "https://",
    "",
    "https://user@hooks.example.com/",
    "https://user:secret@hooks.example.com/",
    "https://@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://127.0.0.1#@hooks.example.com/",
    "https://hooks.example.com/#part",
    "https://hooks.example.com:80/",
    "https://hooks.example.com:8443/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:https/",
    "https://hooks.example.com:-1/",
    "https://127.0.0.1/",
    "https://8.8.8.8/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://0/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://[2606:4700::1111]/",
    "https://localhost/",
    "https://localhost./",
    "https://intranet/",
    "https://hooks.example.com./",
    "https://hooks..example.com/",
    "https://-hooks.example.com/",
    "https://hooks-.example.com/",
    "https://ho_oks.example.com/",
    "https://hooks.example.c%6fm/",
    "https://%6c%6f%63%61%6c%68%6f%73%74/",
    "https://１２７.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://ⓛocalhost.com/",
    "https://hooks。example。com/",
    "https://hööks.example.com/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https:\\\\hooks.example.com/",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\r\nX-Evil: 1",
    "https://hooks.example.com/\t",
    "https://hooks.example.com/\0",
    " https://hooks.example.com/",
    "https://hooks.example.com/ä",
    "https://hooks.example.com/" + "a" * 2000,
    "https://" + "a" * 64 + ".example.com/",
    "https://" + "a." * 130 + "com/",
]


@pytest.fixture
def loose(settings):
    """As on a developer's machine."""
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.fixture
def receive(tmp_path):
    """receive(manner, certificate=…) → a receiver."""
    made = []

    def _receive(manner=None, **more) -> Receiver:
        made.append(Receiver(manner, **more))
        return made[-1]

    yield _receive
    for one in made:
        one.close()


@pytest.fixture
def raw():
    """raw(talk) → the port of a server that calls ``talk`` with each connection."""
    made = []

    def _raw(talk) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        made.append(listening)

        def serve() -> None:
            while True:
                try:
                    line, _where = listening.accept()
                except OSError:
                    return
                threading.Thread(target=_quietly, args=[talk, line], daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return listening.getsockname()[1]

    yield _raw
    for one in made:
        one.close()


def _quietly(talk, line) -> None:
    try:
        with line:
            talk(line)
    except OSError:
        pass


def heard(line) -> bytes:
    """The request up to the end of its headers."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(4096)
    return data


def refusal(url: str, **more) -> Problem:
    with pytest.raises(EgressError) as caught:
        egress.post(url, b"{}", {}, **more)
    return caught.value.problem


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public(address):
    assert not is_public(address)
    assert refusal("https://hooks.example.com/", resolver=lambda _host, _port: [address]) == Problem.ADDRESS


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address):
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "x", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "1.1.1.1/32", "1.1.1.1 "])
def test_what_is_no_address_is_not_public(text):
    assert not is_public(text)


@pytest.mark.parametrize("url", URLS)
def test_urls_that_are_refused_before_anybody_is_asked(url):
    def resolver(_host, _port):
        raise AssertionError("a name was looked up")

    assert refusal(url, resolver=resolver) == Problem.URL


@pytest.mark.parametrize(
    ("url", "host", "path", "authority"),
    [
        ("https://hooks.example.com", "hooks.example.com", "/", "hooks.example.com"),
        ("https://HOOKS.example.com:443/a/b?c=d", "hooks.example.com", "/a/b?c=d", "hooks.example.com"),
        ("https://xn--hks-snaa.example.com?q", "xn--hks-snaa.example.com", "/?q", "xn--hks-snaa.example.com"),
    ],
)
def test_urls_that_are_taken(url, host, path, authority):
    target = egress.target_of(url)
    assert (target.scheme, target.host, target.port, target.path) == ("https", host, 443, path)
    assert target.authority == authority


def test_other_ports_by_setting(settings):
    settings.WEBHOOK_PORTS = [443, 8443]
    assert egress.target_of("https://hooks.example.com:8443/").authority == "hooks.example.com:8443"


def test_one_bad_address_among_good_ones_is_enough():
    assert refusal("https://h.example.com/", resolver=lambda *_a: ["8.8.8.8", "10.0.0.1"]) == Problem.ADDRESS
    assert refusal("https://h.example.com/", resolver=lambda *_a: ["2606:4700::1111", "::1"]) == Problem.ADDRESS


def test_a_name_that_nobody_knows():
    def unknown(_host, _port):
        raise socket.gaierror("no such name")

    assert refusal("https://h.example.com/", resolver=unknown) == Problem.NAME
    assert refusal("https://h.example.com/", resolver=lambda *_a: []) == Problem.NAME


def test_a_resolver_that_takes_its_time_is_part_of_the_deadline():
    began = time.monotonic()
    assert refusal("https://h.example.com/", resolver=lambda *_a: time.sleep(5), seconds=0.3) == Problem.TIMEOUT
    assert time.monotonic() - began < 2


def test_a_name_server_that_changes_its_answer_changes_nothing(receive, monkeypatch):
    """Asked once; the connection goes to what was checked then. Whoever asked twice would reach the receiver."""
    inside = receive()
    answers = itertools.chain([["192.0.2.1"]], itertools.repeat(["127.0.0.1"]))
    asked, went = [], []

    def rebinding(host, _port):
        asked.append(host)
        return next(answers)

    def connect(self, place):
        went.append(place)
        raise ConnectionRefusedError("nobody here")

    monkeypatch.setattr(egress, "is_public", lambda address: address == "192.0.2.1")
    monkeypatch.setattr(socket.socket, "connect", connect)
    assert refusal("https://h.example.com/", resolver=rebinding) == Problem.CONNECT
    assert asked == ["h.example.com"]
    assert went == [("192.0.2.1", 443)]
    assert inside.received == []


def test_a_name_that_leads_inside_never_reaches_anybody(receive, settings):
    inside = receive()
    settings.WEBHOOK_PORTS = [inside.port]
    for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"):
        url = f"https://h.example.com:{inside.port}/"
        assert refusal(url, resolver=lambda *_a, found=address: [found]) == Problem.ADDRESS
    assert inside.received == []


def test_tls_goes_to_the_name_and_checks_it(receive, loose, tmp_path):
    good = Certificate(tmp_path, "h.example.com")
    receiver = receive(certificate=good)
    url = f"https://h.example.com:{receiver.port}/hook?a=b"
    answer = egress.post(url, b'{"x":1}', {"X-Own": "1"}, resolver=lambda *_a: ["127.0.0.1"], context=good.trusted())
    assert (answer.status, answer.body) == (200, b"thanks")
    (request,) = receiver.received
    assert (request.path, request.body) == ("/hook?a=b", b'{"x":1}')
    assert request.headers["host"] == f"h.example.com:{receiver.port}"
    assert request.headers["x-own"] == "1"
    assert receiver.names == ["h.example.com"]


@pytest.mark.parametrize(
    ("names", "days", "trusts"),
    [(["other.example.com"], 2, True), (["h.example.com"], -1, True), (["h.example.com"], 2, False)],
)
def test_a_certificate_that_is_not_good(receive, loose, tmp_path, names, days, trusts):
    """Of another name, out of date, or of an authority that nobody knows."""
    bad = Certificate(tmp_path, *names, days=days)
    receiver = receive(certificate=bad)
    url, context = f"https://h.example.com:{receiver.port}/", bad.trusted() if trusts else None
    assert refusal(url, resolver=lambda *_a: ["127.0.0.1"], context=context) == Problem.TLS
    assert receiver.received == []


def test_plain_http_behind_an_https_address(receive, loose):
    receiver = receive()
    problem = refusal(f"https://h.example.com:{receiver.port}/", resolver=lambda *_a: ["127.0.0.1"])
    assert problem in (Problem.TLS, Problem.TIMEOUT)
    assert receiver.received == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receive, loose, status):
    inside = receive()
    outside = receive(says(status, b"", Location=inside.url))
    assert egress.post(outside.url, b"{}", {}).status == status
    assert inside.received == []


def test_no_proxy_of_the_environment(receive, loose, monkeypatch):
    proxy, receiver = receive(), receive()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert egress.post(receiver.url, b"{}", {}).status == 200
    assert (len(proxy.received), len(receiver.received)) == (0, 1)


def test_a_huge_answer_is_cut(receive, loose):
    receiver = receive(says(200, b"x" * (5 << 20)))
    answer = egress.post(receiver.url, b"{}", {})
    assert (answer.status, answer.body) == (200, b"x" * egress.LARGEST_BODY)


def test_an_answer_without_end_is_cut(raw, loose):
    def flood(line):
        heard(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            line.sendall(b"1000\r\n" + b"y" * 4096 + b"\r\n")

    began = time.monotonic()
    answer = egress.post(f"http://127.0.0.1:{raw(flood)}/", b"{}", {}, seconds=5)
    assert (answer.status, len(answer.body)) == (200, egress.LARGEST_BODY)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500 + b"\r\n",
        b"220 smtp ready\r\n",
        b"\0\0\0\0",
        b"",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
    ],
)
def test_what_is_no_answer(raw, loose, head):
    def talk(line):
        heard(line)
        line.sendall(head)

    assert refusal(f"http://127.0.0.1:{raw(talk)}/", seconds=5) == Problem.PROTOCOL


@pytest.mark.parametrize("part", ["nothing", "status", "header", "handshake"])
def test_a_receiver_that_drips_is_left_at_the_deadline(raw, loose, part):
    """A byte now and then never starts the time anew."""

    def drip(line):
        if part != "handshake":
            heard(line)
        line.sendall({"header": b"HTTP/1.1 200 OK\r\n", "status": b"HTTP/1."}.get(part, b""))
        while True:
            time.sleep(0.05)
            if part in ("header", "status"):
                line.sendall(b"1")

    scheme, began = "https" if part == "handshake" else "http", time.monotonic()
    assert refusal(f"{scheme}://127.0.0.1:{raw(drip)}/", seconds=0.6) == Problem.TIMEOUT
    assert 0.5 < time.monotonic() - began < 2


def test_a_body_that_drips_ends_at_the_deadline_and_the_status_counts(raw, loose):
    def drip(line):
        heard(line)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\nab")
        while True:
            time.sleep(0.05)
            line.sendall(b"c")

    began = time.monotonic()
    answer = egress.post(f"http://127.0.0.1:{raw(drip)}/", b"{}", {}, seconds=0.6)
    assert answer.status == 200
    assert answer.body.startswith(b"abc")
    assert time.monotonic() - began < 2


def test_a_receiver_that_takes_nothing(raw, loose):
    began = time.monotonic()
    port = raw(lambda _line: time.sleep(30))
    assert refusal(f"http://127.0.0.1:{port}/", seconds=0.6) == Problem.TIMEOUT
    with pytest.raises(EgressError) as caught:
        egress.post(f"http://127.0.0.1:{port}/", b"z" * (32 << 20), {}, seconds=0.6)
    assert caught.value.problem == Problem.TIMEOUT
    assert time.monotonic() - began < 4


def test_nobody_there(loose):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert refusal(f"http://127.0.0.1:{port}/") == Problem.CONNECT


def test_the_next_address_when_one_takes_no_connection(receive, loose):
    receiver = receive()
    url = f"http://h.example.com:{receiver.port}/"
    assert egress.post(url, b"{}", {}, resolver=lambda *_a: ["127.0.0.2", "127.0.0.1"]).status == 200


@pytest.mark.parametrize("header", [{"X\r\nY": "1"}, {"X": "1\r\nY: 2"}, {"X": "ä"}, {"": "1"}])
def test_headers_cannot_carry_other_headers(receive, loose, header):
    receiver = receive()
    with pytest.raises(ValueError, match="no header"):
        egress.post(receiver.url, b"{}", header)
    assert receiver.received == []


def test_the_default_trusts_the_systems_authorities_and_checks_names():
    context = ssl.create_default_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
