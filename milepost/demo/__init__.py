"""The demonstration workspace: both shipped processes with finished and live runs, made by the same decisions as real ones."""
