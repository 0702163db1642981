"""People and groups: who works here, what they are called, who is in which group."""
