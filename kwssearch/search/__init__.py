"""Oracles propose, workers train, one loop between them; the final timing."""
