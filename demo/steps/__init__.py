"""Define the steps of the script, one file a subject."""
