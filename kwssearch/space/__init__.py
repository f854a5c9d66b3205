"""What may vary, as a TOML file declares it."""
