"""Benchmarks with committed results; `python -m bench` runs them."""
