"""The search spaces shipped with kwssearch."""
