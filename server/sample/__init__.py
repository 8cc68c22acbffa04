"""Sample people with six weeks behind them, for `hearth demo` and for trying things out. Owns no data of its own."""
