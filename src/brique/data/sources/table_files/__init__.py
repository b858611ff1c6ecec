"""Table formats, read as cells."""
