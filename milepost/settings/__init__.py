"""What a Milepost is told about where it runs: its settings, their values from variables and files, its secrets."""
