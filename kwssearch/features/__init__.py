"""From sound to a model's input, the same for training, timing and devices; and the cache of it."""
