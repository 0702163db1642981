"""What the machine does and is to do: actions, alarms, mails, digests, recurring work."""
