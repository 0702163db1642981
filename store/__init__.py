"""The log of events in Postgres: append, read, follow; its schema, its verification, and the path commands take."""
