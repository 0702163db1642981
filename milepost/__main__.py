"""`python -m milepost`: the same as the command `milepost`."""

from milepost.cli import main

main()
