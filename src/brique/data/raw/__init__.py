"""Examples before the split: columns whose statistics are fitted later, image metadata."""
