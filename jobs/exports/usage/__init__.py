"""How exports are used: volume, failures, durations, bytes, downloads, people, page events (SPEC U11, U12)."""
