"""Systems that learn from things alone, without answers."""
