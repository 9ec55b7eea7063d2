"""One file per command: its flags, and the one call they become."""
