"""What the machine does: incidents, events from outside, mails, recurring work."""
