"""The demonstration workspace: both shipped processes with finished and live runs, made by real decisions."""
