"""How far the runs of a study are, what they wait for, and how long they will take."""
