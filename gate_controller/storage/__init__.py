"""Keep what survives a power cut: journal, policy, secrets, clock; imports only the contract."""
