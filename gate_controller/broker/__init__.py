"""Connect gates and server to a broker of NATS: its words and one bounded line. Imports nothing of either."""
