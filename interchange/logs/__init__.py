"""Real logs in: XES and CSV files become runs, as facts that happened, not as decisions."""
