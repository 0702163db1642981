"""Coming in and going out: sign-in links, sessions, tokens, and ending them."""
