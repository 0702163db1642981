"""The generators, one file each."""
