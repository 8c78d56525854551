"""Play a thief or saboteur; imports the stage and below."""
