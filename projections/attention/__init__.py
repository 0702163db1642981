"""What needs somebody now, why, and the one action that fixes it."""
