"""One HTML page with all of a study in it."""
