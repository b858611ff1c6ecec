"""What every network stands on: slopes, approximation, steps downhill."""
