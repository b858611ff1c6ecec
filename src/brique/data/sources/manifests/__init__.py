"""Tables and lists that name files."""
