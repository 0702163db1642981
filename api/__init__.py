"""The HTTP interface: commands in, read models out, feeds, access."""
