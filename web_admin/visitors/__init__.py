"""Keep passes, courier codes, weekly invitations and their uses; imports credentials and below."""
