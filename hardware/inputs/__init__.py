"""Read contacts and buttons; imports only lines and the interfaces."""
