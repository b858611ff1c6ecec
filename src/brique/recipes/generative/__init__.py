"""Networks that make what they have seen examples of."""
