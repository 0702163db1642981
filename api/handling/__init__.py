"""What every route shares: how orders are carried out, views answered, failures told, and what a process holds."""
