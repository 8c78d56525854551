"""Read a list of people from a spreadsheet, check it and apply it; imports people and below."""
