"""``python -m exportcenter_client`` is ``exportcenter``."""

from exportcenter_client.cli.main import run

run()
