"""The verbs, one file each: what `brique VERB` does, as functions."""
