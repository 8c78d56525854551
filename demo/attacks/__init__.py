"""Act as a thief or saboteur."""
