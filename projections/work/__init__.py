"""What a person has to do, and how much there is of it: inbox, home, workload."""
