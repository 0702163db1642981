"""From settings to what each process runs: the API with its pages, the worker, and what the machine does for runs."""
