"""Who asks, and what they may: tokens, sessions, the matrix of rights, how much one caller may take."""
