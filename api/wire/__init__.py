"""What goes over the wire: bodies read within bounds, problem documents, tags, streams, addresses."""
