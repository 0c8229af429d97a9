"""``login`` and ``logout``: what later commands find in the file."""

import argparse
import getpass
import sys
from typing import Any

from exportcenter_client import signing_out
from exportcenter_client.cli.screen import Screen
from exportcenter_client.client import Client
from exportcenter_client.config import ConfigFile
from exportcenter_client.credentials import Credentials
from exportcenter_client.driving import SyncDriver
from exportcenter_client.errors import ConfigError, Forbidden
from exportcenter_client.session import Session, base_of


def login(words: argparse.Namespace, screen: Screen, file: ConfigFile, url: str | None) -> None:
    """Check the credentials and keep them in the file; the password itself is not kept."""
    if not url:
        raise ConfigError(screen.say("Name the server: --url https://…"))
    if words.make_token and not words.username:
        raise ConfigError(screen.say("--make-token needs --username."))
    secret = _secret(screen.say("Password: " if words.username else "Token: "), words.stdin)
    said: dict[str, Any] = {"url": base_of(url)}
    more: dict[str, str] = {"username": words.username, "password": secret} if words.username else {"token": secret}
    with Client(url, language=screen.say.language, **more) as client:  # type: ignore[arg-type]
        if words.make_token:
            said |= _made(client, words)
        else:
            _try_out(client)
            pair = client.signed_in_with
            said |= {"access": pair.access, "refresh": pair.refresh} if pair else {"token": secret}
    with file.lock():
        file.write(said)
    text = screen.say("Signed in to {url}; kept in {path}.", url=said["url"], path=file.path)
    screen.result({"url": said["url"]}, text)


def logout(words: argparse.Namespace, screen: Screen, file: ConfigFile) -> None:
    """End the sign-in at the server and delete the file. Without the server the file stays, for another try."""
    said = {} if words.local else file.read()
    pair = None if words.local else file.load()
    gone = False
    if pair is not None and isinstance(said.get("url"), str):
        session = Session(base_of(said["url"]), Credentials(pair=pair, store=file), screen.say.language)
        driver = SyncDriver()
        try:
            gone = driver.run(signing_out.sign_out(session))
        finally:
            driver.close()
    with file.lock():
        gone = file.forget() or gone
    if isinstance(said.get("token"), str):
        screen.note("The API token itself still works. Revoke it on the page “API tokens” if nobody needs it.")
    screen.result({"ok": gone}, screen.say("Signed out." if gone else "Nobody was signed in."))


def _made(client: Client, words: argparse.Namespace) -> dict[str, Any]:
    """A new API token. The sign-in that made it is over then."""
    scopes = [scope.strip() for scope in words.scopes.split(",")]
    token = client.tokens.create(words.make_token, scopes, expires_in_days=words.days)["token"]
    client.sign_out()
    return {"token": token}


def _try_out(client: Client) -> None:
    """Raises NotAuthenticated when the credentials are none."""
    try:
        next(client.exports.list(page_size=1), None)
    except Forbidden:
        return  # known, and may do other things


def _secret(prompt: str, from_stdin: bool) -> str:
    text = sys.stdin.readline().rstrip("\r\n") if from_stdin or not sys.stdin.isatty() else getpass.getpass(prompt)
    if not text:
        raise ConfigError("Nothing was entered.")
    return text
