"""What decides which point is next: pure functions of what is known, without TensorFlow or KerasTuner."""

from kwssearch.policies.contract import Point, Policy, Seen, Signal, key_of
from kwssearch.policies.front import Front, Outlook, Skipped
from kwssearch.policies.known import Known
from kwssearch.policies.orders import Grid, Random

__all__ = [
    "Front", "Grid", "Known", "Outlook", "Point", "Policy", "Random", "Seen", "Signal", "Skipped", "key_of",
]  # fmt: skip
