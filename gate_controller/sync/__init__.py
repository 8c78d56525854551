"""Call the server: pair, send the journal, fetch the policy; imports storage and the contract."""
