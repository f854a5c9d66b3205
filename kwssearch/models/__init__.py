"""Architectures as their papers' tables, and what they cost on paper."""
