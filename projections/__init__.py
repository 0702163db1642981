"""Read models: events become rows, rebuilt or live on one path, and the queries that read them."""
