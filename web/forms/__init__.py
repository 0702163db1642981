"""Forms on their way to a command: read, handed on, answered."""
