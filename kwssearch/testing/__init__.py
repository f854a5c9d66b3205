"""Makes the words, runs and spaces that tests and benchmarks need."""
