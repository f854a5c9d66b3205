"""The folder of a run: what it records, and reading it back without TensorFlow."""
