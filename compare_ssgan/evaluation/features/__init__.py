"""Networks that turn images into the features and class logits metrics compare."""
