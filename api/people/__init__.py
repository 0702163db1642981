"""People and groups, and handing over what somebody has."""
