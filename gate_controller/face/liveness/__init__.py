"""Check that a living person faces the camera; imports only engines."""
