"""Processes and their versions, and what their runs tell of them: statistics, insights, migrations."""
