"""Listen and read requests for the server's workers; imports the assembled site."""
