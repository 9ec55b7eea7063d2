"""What may be done to a dataset before it is trained on."""
