"""Read cards, keypads and scanners; imports only lines, pictures and the interfaces."""
