"""Arrays, data frames and data sets of other libraries."""
