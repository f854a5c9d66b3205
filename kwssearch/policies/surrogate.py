"""A model of accuracy over a space's points: Gaussian surfaces of log-odds, averaged by how well each explains.

Two families, as a study by replay found them: products of up to three axes, the higher ones with narrower priors,
and squared-exponential surfaces on a linear trend (Rasmussen and Williams, 2006). Neither is told which way accuracy
goes, but that larger models are somewhat better, which a few results overrule.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from kwssearch.policies.known import Encoding, Floats

Indices = npt.NDArray[np.int64]

MEAN, SLOPE, OFFSET_SD = 2.0, 0.3, 1.5  # log-odds
DEGREE_SD = (1.5, 0.8, 0.4, 0.2)
AMPLITUDES, LENGTHS = (0.3, 0.7, 1.5), (1.0, 1.6, 2.5, 4.0)
CHOICE_STEP = 0.8  # of a choice's levels, where a number's ends are two apart
POLYNOMIAL_NOISES = (0.06, 0.09, 0.13, 0.2, 0.3, 0.45, 0.7)
SURFACE_NOISES = (0.06, 0.09, 0.13, 0.2, 0.3)
TYPICAL_NOISE, TYPICAL_LENGTH = 0.12, 2.0
NUGGET = 1e-8
MANY_POINTS, FEW_MEMBERS = 200, 6  # of more points, so many members of a family are drawn from


def odds(accuracy: npt.ArrayLike, clips: int) -> Floats:
    """Log-odds of an accuracy that was measured on so many clips, finite at its ends."""
    share = (np.asarray(accuracy, dtype=np.float64) * clips + 0.5) / (clips + 1)
    return np.asarray(np.log(share / (1 - share)))


class Kernel(Protocol):
    @property
    def prior(self) -> float:
        """Logarithm of how likely it is beforehand."""

    def of(self, rows: Indices, columns: Indices) -> Floats:
        """Covariance of log-odds at some points with those at others."""

    def variances(self, at: Indices) -> Floats:
        """Of log-odds at each of some points."""


@dataclass(frozen=True)
class Polynomial:
    """Products of up to three columns.

    Attributes:
        terms: scaled by their priors; shape (points, terms).
    """

    terms: Floats
    prior: float = 0.0

    @classmethod
    def over(cls, encoding: Encoding) -> Polynomial:
        x, is_number = encoding.x, encoding.is_number
        columns = [np.full(len(x), DEGREE_SD[0])]
        for degree in (1, 2, 3):
            for chosen in itertools.combinations_with_replacement(range(x.shape[1]), degree):
                if all(is_number[c] or chosen.count(c) == 1 for c in chosen):
                    columns.append(DEGREE_SD[degree] * np.prod(x[:, chosen], axis=1))
        return cls(np.stack(columns, axis=1))

    def of(self, rows: Indices, columns: Indices) -> Floats:
        return np.asarray(self.terms[rows] @ self.terms[columns].T)

    def variances(self, at: Indices) -> Floats:
        return np.asarray(np.sum(self.terms[at] ** 2, axis=1))


@dataclass(frozen=True)
class Surface:
    """Squared-exponential, on a linear trend in the numbers."""

    z: Floats
    numbers: Floats
    amplitude: float
    length: float
    prior: float

    def of(self, rows: Indices, columns: Indices) -> Floats:
        a, b = self.z[rows], self.z[columns]
        squared = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1) - 2 * a @ b.T
        near = self.amplitude**2 * np.exp(-0.5 * np.maximum(squared, 0) / self.length**2)
        return np.asarray(near + OFFSET_SD**2 + SLOPE**2 * self.numbers[rows] @ self.numbers[columns].T)

    def variances(self, at: Indices) -> Floats:
        return np.asarray(self.amplitude**2 + OFFSET_SD**2 + SLOPE**2 * np.sum(self.numbers[at] ** 2, axis=1))


def surfaces(encoding: Encoding) -> Iterator[Surface]:
    z = encoding.x * np.where(encoding.is_number, 1.0, CHOICE_STEP)
    for amplitude, length in itertools.product(AMPLITUDES, LENGTHS):
        prior = -0.5 * (np.log(length / TYPICAL_LENGTH) / 0.7) ** 2
        yield Surface(z, encoding.x[:, encoding.is_number], amplitude, length, float(prior))


@dataclass(frozen=True)
class Fit:
    """A kernel and a noise, with what was seen."""

    kernel: Kernel
    noise: float
    seen: Indices
    root: Floats
    weights: Floats
    evidence: float

    def moments(self, at: Indices, full: bool) -> tuple[Floats, Floats]:
        """Mean above the prior's, and covariance (or its diagonal) of what would be measured."""
        across = np.linalg.solve(self.root, self.kernel.of(self.seen, at))
        mean = across.T @ self.weights
        if full:
            return mean, self.kernel.of(at, at) - across.T @ across + (self.noise**2 + NUGGET) * np.eye(len(at))
        return mean, self.kernel.variances(at) - np.sum(across**2, axis=0) + self.noise**2


class Surrogate:
    """Accuracies that points may turn out to have.

    Args:
        growing: +1 where a larger number makes a larger model, else -1; shape (numbers,).
    """

    def __init__(self, encoding: Encoding, growing: Floats) -> None:
        self.mean = MEAN + SLOPE * encoding.x[:, encoding.is_number] @ growing
        self.families: tuple[tuple[Sequence[Kernel], Sequence[float]], ...] = (
            ((Polynomial.over(encoding),), POLYNOMIAL_NOISES),
            (tuple(surfaces(encoding)), SURFACE_NOISES),
        )

    def fits(self, seen: Indices, y: Floats) -> list[list[tuple[float, Fit]]]:
        """For each family, its members with what each counts."""
        return [self.family_fits(*family, seen, y) for family in self.families]

    def family_fits(
        self, kernels: Sequence[Kernel], noises: Sequence[float], seen: Indices, y: Floats
    ) -> list[tuple[float, Fit]]:
        residual = y - self.mean[seen]
        found = []
        for kernel in kernels:
            covariance = kernel.of(seen, seen)
            for noise in noises:
                root = np.linalg.cholesky(covariance + noise**2 * np.eye(len(seen)))
                weights = np.linalg.solve(root, residual)
                prior = kernel.prior - 0.5 * (np.log(noise / TYPICAL_NOISE) / 0.6) ** 2
                evidence = float(prior - 0.5 * weights @ weights - np.log(np.diag(root)).sum())
                found.append(Fit(kernel, noise, seen, np.asarray(root), np.asarray(weights), evidence))
        shares = softmax([fit.evidence for fit in found])
        return list(zip(map(float, shares), found, strict=True))

    def draw(self, seen: Indices, y: Floats, at: Indices, draws: int, rng: np.random.Generator) -> Floats:
        """Log-odds as they might be measured; shape (draws, points of `at`).

        Args:
            seen: points whose log-odds `y` were measured.
        """
        drawn = []
        families = self.fits(seen, y)
        each = draws // len(families)
        alike = 1 if len(at) <= MANY_POINTS else each // FEW_MEMBERS  # draws of one member cost little more than one
        for members in families:
            counts = alike * rng.multinomial(each // alike, [share for share, _ in members])
            for count, (_, fit) in zip(counts, members, strict=True):
                if count:
                    mean, covariance = fit.moments(at, full=True)
                    root = np.linalg.cholesky(covariance)
                    drawn.append(self.mean[at] + mean + rng.standard_normal((count, len(at))) @ root.T)
        return np.concatenate(drawn)

    def rough(self, seen: Indices, y: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation at every point, of the likeliest member of each family."""
        everywhere = np.arange(len(self.mean))
        best = [max(members, key=lambda member: member[0])[1] for members in self.fits(seen, y)]
        means, variances = zip(*(fit.moments(everywhere, full=False) for fit in best), strict=True)
        mean = np.mean(means, axis=0)
        return self.mean + mean, np.sqrt(np.mean(variances, axis=0) + np.var(means, axis=0))
