"""Take in gates' journals, set entries aside, search and explain them; imports the policy and below."""
