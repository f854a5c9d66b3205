"""Search keyword-spotting models for small devices: accuracy, memory and latency at once."""

__version__ = "0.1.0"
