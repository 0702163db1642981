"""Pure rules of Milepost: events, states, decisions, roll-up, schedule. No I/O, no clock, no randomness."""
