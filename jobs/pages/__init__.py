"""What people set up for themselves on pages (preferences, saved views), and what they did there."""
