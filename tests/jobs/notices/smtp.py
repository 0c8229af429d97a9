"""A mail server for tests: speaks enough SMTP to take a mail, refuse it, hang up on it, or keep silent."""

import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage


class MailServer(socketserver.ThreadingTCPServer):
    """Listens on a free port of this machine. ``manner``: "accept", "refuse" (the recipient), "reject" (the content),
    "cut" (hangs up after the content) or "stall" (says nothing until ``release`` is set)."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, manner: str = "accept") -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.manner = manner
        self.received: list[EmailMessage] = []
        self.arrived, self.release = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def close(self) -> None:
        self.release.set()
        self.shutdown()
        self.server_close()


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 tests")
        while line := self.rfile.readline():
            verb = line.split()[0].upper().decode()
            if verb == "DATA":
                self._say("354 go on")
                if not self._take():
                    return
            elif verb == "QUIT":
                self._say("221 bye")
                return
            elif verb == "RCPT" and self.server.manner == "refuse":
                self._say("550 no such person")
            else:
                self._say("250 fine")

    def _take(self) -> bool:
        """Read the content and answer as the server's manner is. False: hang up."""
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if self.server.manner == "reject":
            self._say("554 we do not like it")
            return True
        self.server.received.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self.server.arrived.set()
        if self.server.manner == "cut":
            return False
        if self.server.manner == "stall":
            self.server.release.wait(60)
        self._say("250 taken")
        return True

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
