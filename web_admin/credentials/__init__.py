"""Issue, suspend, end and look up cards, PINs, phones and codes; imports face and below."""
