"""Processes: drafts, versions, what differs, migrations, mails before they are sent."""
