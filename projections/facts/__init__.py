"""What the events of a stream add up to, as the read models need it."""
