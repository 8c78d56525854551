"""Show the bench page and the workbench; imports the steps and below."""
