"""Orders: their values, goods, seasons, and who buys, sells and delivers."""
