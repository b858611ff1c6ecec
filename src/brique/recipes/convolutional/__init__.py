"""Networks that slide small filters over pictures."""
