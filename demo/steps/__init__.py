"""Define the steps of the script, one file a subject; imports the judge and below."""
