"""From a row to a card: judged by the moment of asking, with its stages, what is usual, and what help is for."""
