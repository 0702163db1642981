"""Forecasts as they are kept and told, the trails they learn from, and how good they were."""
