"""Milepost: the composition root, where settings, servers and processes come together."""

__version__ = "0.1.0"
