"""Call numbers and report how a call goes; imports the interfaces alone, never people or rules."""
