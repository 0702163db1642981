"""Verbs for whoever operates a Milepost: servers, read models, the log, mails, subscribers and receivers."""
