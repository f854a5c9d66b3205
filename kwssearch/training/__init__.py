"""Where TensorFlow trains: the build and fit hooks, the loop, pruning, precision."""
