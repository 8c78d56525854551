"""Read frames from cameras; imports only lines and the interfaces."""
