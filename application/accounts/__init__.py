"""How people sign in by themselves: passwords, mails with links, what slows guessing down, and what is told of it."""
