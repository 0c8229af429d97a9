"""A tiny app of a company's own: a second job kind and a slow dataset. It proves that the engine knows no export."""

from django.apps import AppConfig


class EchoConfig(AppConfig):
    """Installed in tests by EXTRA_APPS."""

    name = "tests.echo"
    label = "echo"

    def ready(self) -> None:
        from tests.echo import batch, kind, slow  # noqa: F401 - registers them
