"""Near-duplicates of images, sounds and texts: functions of arrays."""
