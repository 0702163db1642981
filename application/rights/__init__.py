"""Who may ask for what: one matrix, looked at in every function, on what the log holds at that moment."""
