"""One short file for each system; islands: nothing of brique imports them, nor they each other."""
