"""Promises of the embedded servers."""
