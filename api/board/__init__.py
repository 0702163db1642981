"""Boards: projects, tasks, lists, saved views, search, forecasts."""
