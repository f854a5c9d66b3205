"""Declared spaces that several modules of tests use."""

MINI = {
    "name": "mini",
    "description": "Four strategies' worth of pairs on two front ends",
    "features": {"log_mel": {"kind": "log_mel"}, "mfcc": {"kind": "mfcc", "coefficients": 10}},
    "strategy": [
        {"name": "DS-CNN", "architecture": "ds_cnn"},
        {"name": "width multiplier", "width_multiplier": [0.25, 0.5]},
        {"name": "pruning", "final_sparsity": [0.8, 0.9]},
    ],
}
