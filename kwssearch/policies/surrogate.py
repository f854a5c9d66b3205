"""A model of accuracy over a space's points: polynomials of log-odds, averaged by how well each explains what was seen.

Their terms are products of up to three columns, the higher ones with narrower priors. Columns are the numbers and
choices that vary and, since pruned and narrow models are alike in it, the logarithm of a model's size. How much terms
matter, and how noisy a measurement is, the evidence tells (Rasmussen and Williams, 2006): a space whose accuracies
follow its axes soon needs few of its points. Nothing is said beforehand of which way accuracy goes, but that larger
models are somewhat better, which a few results overrule.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from kwssearch.policies.known import Encoding, Floats, scaled

Indices = npt.NDArray[np.int64]

MEAN, SLOPE, OFFSET_SD = 2.0, 0.3, 1.5  # log-odds
DEGREE_SD = (0.8, 0.4, 0.2)
STRENGTHS = (0.25, 0.5, 1.0)  # of all terms
NOISES = (0.06, 0.09, 0.13, 0.2, 0.3, 0.45, 0.7)
TYPICAL_NOISE, NOISE_SPREAD = 0.12, 0.6
NUGGET = 1e-8


def odds(accuracy: npt.ArrayLike, clips: int) -> Floats:
    """Log-odds of an accuracy that was measured on so many clips, finite at its ends."""
    share = (np.asarray(accuracy, dtype=np.float64) * clips + 0.5) / (clips + 1)
    return np.asarray(np.log(share / (1 - share)))


def products(x: Floats, is_number: npt.NDArray[np.bool_]) -> Floats:
    """Products of up to three columns, scaled by their priors; shape (points, terms)."""
    terms = []
    for degree, deviation in enumerate(DEGREE_SD, 1):
        for chosen in itertools.combinations_with_replacement(range(x.shape[1]), degree):
            if all(is_number[c] or chosen.count(c) == 1 for c in chosen):
                terms.append(deviation * np.prod(x[:, chosen], axis=1))
    return np.stack(terms, axis=1) if terms else np.zeros((len(x), 1))


@dataclass(frozen=True)
class Fit:
    """What was seen, as one member explains it.

    Attributes:
        share: of the draws that are its own.
    """

    share: float
    strength: float
    noise: float
    root: Floats
    weights: Floats


class Surrogate:
    """Accuracies that points may turn out to have.

    Args:
        size: of each point's model, in logarithms; shape (points,).
    """

    def __init__(self, encoding: Encoding, size: Floats) -> None:
        numbers = encoding.x[:, encoding.is_number]
        self.mean = MEAN + SLOPE * numbers @ np.sign(numbers.T @ (size - size.mean()))
        x, is_number = encoding.x, encoding.is_number
        if np.ptp(size) > 0:
            x, is_number = np.column_stack([scaled(size), x]), np.append(True, is_number)
        self.terms = products(x, is_number)

    def covariance(self, strength: float, rows: Indices, columns: Indices) -> Floats:
        return np.asarray(OFFSET_SD**2 + strength**2 * self.terms[rows] @ self.terms[columns].T)

    def fits(self, seen: Indices, y: Floats) -> list[Fit]:
        """All members, those that explain what was seen with most of the draws."""
        members = list(itertools.product(STRENGTHS, NOISES))
        alike = {strength: self.covariance(strength, seen, seen) for strength in STRENGTHS}
        whole = np.stack([alike[strength] + noise**2 * np.eye(len(seen)) for strength, noise in members])
        roots = np.linalg.cholesky(whole)
        residual = np.broadcast_to((y - self.mean[seen])[:, None], (len(members), len(seen), 1))
        weights = np.linalg.solve(roots, residual)[..., 0]
        prior = -0.5 * (np.log(np.array([noise for _, noise in members]) / TYPICAL_NOISE) / NOISE_SPREAD) ** 2
        determinants = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
        shares = softmax(prior - 0.5 * (weights**2).sum(axis=1) - determinants)
        return [Fit(float(s), *m, r, w) for s, m, r, w in zip(shares, members, roots, weights, strict=True)]

    def draw(self, seen: Indices, y: Floats, at: Indices, draws: int, rng: np.random.Generator) -> Floats:
        """Log-odds as they might be measured; shape (draws, points of `at`).

        Args:
            seen: points whose log-odds `y` were measured.
        """
        drawn = []
        fits = self.fits(seen, y)
        for count, fit in zip(rng.multinomial(draws, [fit.share for fit in fits]), fits, strict=True):
            if count:
                across = np.linalg.solve(fit.root, self.covariance(fit.strength, seen, at))
                doubt = self.covariance(fit.strength, at, at) - across.T @ across
                root = np.linalg.cholesky(doubt + (fit.noise**2 + NUGGET) * np.eye(len(at)))
                mean = self.mean[at] + across.T @ fit.weights
                drawn.append(mean + rng.standard_normal((count, len(at))) @ root.T)
        return np.concatenate(drawn)

    def rough(self, seen: Indices, y: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation at every point, of the likeliest member."""
        fit = max(self.fits(seen, y), key=lambda fit: fit.share)
        across = np.linalg.solve(fit.root, self.covariance(fit.strength, seen, np.arange(len(self.mean))))
        own = OFFSET_SD**2 + fit.strength**2 * np.sum(self.terms**2, axis=1) + fit.noise**2
        return self.mean + across.T @ fit.weights, np.sqrt(own - np.sum(across**2, axis=0))
