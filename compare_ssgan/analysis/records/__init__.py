"""What is read of runs, and how; nothing of it is trusted to be whole."""
