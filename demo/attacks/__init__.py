"""Do what a thief or saboteur does."""
