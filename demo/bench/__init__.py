"""Show the bench page and the workbench."""
