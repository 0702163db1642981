"""How a request is refused by what only the application knows: something is not there, or it is not for them."""

from __future__ import annotations

from domain.words import Rejected


class Refused(Rejected):
    """Not a rule of one aggregate said no: there is no such thing, or whoever asks may not. ``code`` says which."""
