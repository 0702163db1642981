"""Verbs on runs: their steps, files, events, actions and incidents."""
