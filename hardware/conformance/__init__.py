"""Hold drivers against the checklist and grade them; imports the registry and below, twins by name."""
