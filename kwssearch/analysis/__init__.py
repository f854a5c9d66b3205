"""Figures from what was recorded: worlds, front, effects, verdicts, advice."""
