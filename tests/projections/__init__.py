"""The laws and promises of the read models."""
