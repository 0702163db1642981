"""Processes killed on purpose: nothing acknowledged is lost, everything heals."""
