"""Words, runs and spaces that tests and benchmarks make for themselves."""
