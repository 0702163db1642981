"""One run in full: its steps, its history, its times and values."""
