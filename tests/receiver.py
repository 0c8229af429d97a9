"""A receiver of webhooks for tests: a real HTTP server on this machine, with TLS where a test wants it."""

import base64
import datetime
import hashlib
import hmac
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOLERANCE_SECONDS = 300


class Received:
    """One request as it came."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path, self.headers, self.body = path, headers, body
        self.at = time.monotonic()

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def signatures(self) -> list[str]:
        return self.headers["webhook-signature"].split(" ")

    def is_genuine(self, secret: str) -> bool:
        """Standard Webhooks, from its text: written here without a look at ours."""
        assert secret.startswith("whsec_")
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        if abs(time.time() - int(self.headers["webhook-timestamp"])) > TOLERANCE_SECONDS:
            return False
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return any(hmac.compare_digest(one, f"v1,{wanted}") for one in self.signatures())


Manner = Callable[[BaseHTTPRequestHandler, int], None]


def says(status: int, body: bytes = b"thanks", **headers: str) -> Manner:
    """A manner: always this answer."""

    def answer(handler: BaseHTTPRequestHandler, _number: int) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def then(*manners: Manner) -> Manner:
    """A manner: the first answer first, and so on; the last one from then on."""

    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        manners[min(number, len(manners) - 1)](handler, number)

    return answer


class Receiver(ThreadingHTTPServer):
    """Notes every request, then answers in its ``manner``, which gets the request and its number from 0."""

    daemon_threads = True

    def __init__(self, manner: Manner | None = None, *, certificate: "Certificate | None" = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.manner = manner or says(200)
        self.received: list[Received] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.release = threading.Event()
        self.certificate = certificate
        self.names: list[str] = []
        """Names that clients asked for in their handshake (SNI)."""
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.file)
            context.sni_callback = lambda _line, name, _context: self.names.append(name)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def hang(self, handler: BaseHTTPRequestHandler, _number: int) -> None:
        """A manner: says nothing until ``release`` is set, or the test is over."""
        self.release.wait(60)
        says(200)(handler, 0)

    def handle_error(self, *_request: Any) -> None:
        """Clients that hang up are what tests are about."""

    def close(self) -> None:
        self.release.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.lock:
            number = len(self.server.received)
            self.server.received.append(Received(self.path, headers, body))
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        try:
            self.server.manner(self, number)
        finally:
            with self.server.lock:
                self.server.at_once -= 1

    def log_message(self, *_words: Any) -> None:
        """Silence."""


class Certificate:
    """A certificate of its own authority, valid for ``names`` until ``days`` from now. ``file`` holds key and all."""

    def __init__(self, folder: Path, *names: str, days: int = 2) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        now = datetime.datetime.now(datetime.UTC)
        entries: list[Any] = [
            x509.IPAddress(ipaddress.ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names
        ]
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(entries), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        self.file = folder / f"{names[0]}-{days}.pem"
        private = key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        self.file.write_bytes(private + made.public_bytes(pem))

    def trusted(self) -> ssl.SSLContext:
        """A client's context that trusts this certificate and nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.file)
        return context
