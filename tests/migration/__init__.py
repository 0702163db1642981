"""Tests of the migration of running runs."""
