"""Files and folders, on disk or in an archive."""
