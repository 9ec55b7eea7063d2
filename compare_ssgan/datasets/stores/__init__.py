"""Where the images of datasets come from."""
