"""What ours does and the stock tool does not."""

SCENARIOS = {}
