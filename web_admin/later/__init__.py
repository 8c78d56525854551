"""Acts of the office that begin later, as they were sent, until they are done, withdrawn or held."""
