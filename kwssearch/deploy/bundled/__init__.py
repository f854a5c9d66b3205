"""What a bundle can do: its scripts, copied into each one, where they import each other by bare names."""
