"""Train, valid and test: which example goes where."""
