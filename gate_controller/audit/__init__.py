"""Check journals, certificates and releases for `menjin audit`; imports only the contract."""
