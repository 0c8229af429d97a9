"""Secrets that a machine makes for itself, so that a laptop works without configuration."""

import secrets

from exportcenter.environment import var_dir


def local_secret(name: str) -> str:
    """A random secret kept under ``VAR_DIR/secrets``: 0600, made once, the same for every process from then on."""
    path = var_dir() / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        fresh = path.with_name(f"{name}.{secrets.token_hex(4)}")
        fresh.write_text(secrets.token_urlsafe(48))
        fresh.chmod(0o600)
        try:
            path.hardlink_to(fresh)  # first writer wins, also between processes
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()
