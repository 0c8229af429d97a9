"""The command ``exportcenter``."""
