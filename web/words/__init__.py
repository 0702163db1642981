"""How things are said: states, people, events and times, what changed, and why something was refused."""
