"""Verbs on projects: boards, lists, tasks, search, looking back, recurring work."""
