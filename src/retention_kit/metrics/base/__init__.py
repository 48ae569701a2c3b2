"""What the metrics are made with: which orders count, periods, ratios, dimensions, intervals."""
