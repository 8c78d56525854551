"""Share between commands their names, language and files for other users; imports the contract."""
