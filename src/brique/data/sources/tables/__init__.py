"""Tables: columns as fields."""
