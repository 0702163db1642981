"""What workers do for runs by themselves: mails, calls, child runs."""
