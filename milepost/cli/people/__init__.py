"""Verbs on people: who is here, in which groups, with what access, and what they have to do."""
