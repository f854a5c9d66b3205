"""Forecasts of spaces with many shapes: which files are made, and what is read off between them."""

from __future__ import annotations

import numpy as np
import pytest

from kwssearch.compression.sampled import Described, fitted, flash_terms, ram_terms, sample, zipped_terms

SHAPES = [(49, 10, 1), (49, 40, 1), (24, 10, 1), (24, 40, 1), (99, 10, 1), (99, 40, 1)]
POINTS = [
    Described((architecture, kind, 0), shape, width, sparsity, int(share * (9e4 * width**2 + 4e3 * width)))
    for architecture, share in (("cnn", 4.0), ("ds_cnn", 1.0))
    for kind in ("none", "int8")
    for shape in SHAPES
    for width in np.linspace(0.1, 1, 10)
    for sparsity in (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
]


def test_a_few_files_of_each_kind_are_made_its_ends_among_them() -> None:
    chosen = [POINTS[i] for i in sample(POINTS)]
    assert len(chosen) == len(set(chosen)) == 4 * (5 * 5 + 3 * 5)
    for kind in {point.kind for point in POINTS}:
        own = [point for point in chosen if point.kind == kind]
        assert {0.1, 1.0} <= {point.width for point in own}
        assert {0.0, 0.95} <= {point.sparsity for point in own}
        assert {240, 3960} <= {point.pixels for point in own}


def figure(point: Described, terms: str) -> float:
    """As files grow: a head, biases, kernels, and where their zeros are."""
    each = 4 if point.kind[1] == "none" else 1
    if terms == "ram":
        return 500 + each * point.pixels * (1 + 64 * point.width)
    stored = 6000 + 1000 * point.width + each * point.parameters
    kept = 1 - point.sparsity
    return (
        stored
        if terms == "flash"
        else 5000
        + 0.93 * each * point.parameters * kept
        + 0.2
        * point.parameters
        * (kept > 0 and -kept * np.log2(kept) - (point.sparsity * np.log2(point.sparsity) if point.sparsity else 0))
    )


@pytest.mark.parametrize(("name", "terms"), [("flash", flash_terms), ("ram", ram_terms), ("zip", zipped_terms)])
def test_figures_of_other_points_are_read_off(name: str, terms: object) -> None:
    true = np.array([figure(point, name) for point in POINTS])
    made = {i: true[i] for i in sample(POINTS)}
    found = fitted(POINTS, made, terms)  # type: ignore[arg-type]
    np.testing.assert_allclose(found, true, rtol=1e-6)
    assert len(made) < len(POINTS) / 10


def test_a_file_that_was_made_keeps_its_own_figure() -> None:
    made = {i: figure(POINTS[i], "flash") * (1.1 if i == 0 else 1) for i in {*sample(POINTS), 0}}
    assert fitted(POINTS, made, flash_terms)[0] == made[0]
