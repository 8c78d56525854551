"""Define the compound that the demo plays: people, site files, sheets; imports the actors."""
