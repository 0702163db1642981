"""What developers run: set-up, generated files, checks."""
