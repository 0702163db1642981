"""Everything that can be asked for: one typed function each, on an application of the eventsourcing library."""
