"""Face on request: find, enrol, match and forget, inside this gate only."""
