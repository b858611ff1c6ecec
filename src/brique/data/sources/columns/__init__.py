"""What the cells of one column mean."""
