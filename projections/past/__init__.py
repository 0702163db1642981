"""How things were at a moment, what changed since, and why a card looks as it does."""
