"""Files that are whole or absent, the user's cache, machine and versions."""
