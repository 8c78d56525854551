"""Take in gates' journals, quarantine entries, search and explain them; imports the policy and below."""
