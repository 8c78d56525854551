"""Check journals, certificates, releases and access reviews for `menjin audit`; imports only the contract."""
