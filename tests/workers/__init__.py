"""Promises of the workers: relay, transport, applying, health."""
