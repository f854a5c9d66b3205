"""The front end's tables for C, and what they and a window cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.features.front_end import EPSILON, FrontEnd
from kwssearch.space import FeatureSetting

COMPLEX_PRODUCT, COMPLEX_SUM = 6, 2
MAGNITUDE, SPLIT = 3, 6 + COMPLEX_PRODUCT + COMPLEX_SUM  # of a bin; a square root besides


@dataclass(frozen=True)
class CFrontEnd:
    """A front end as C computes it: frames of even length as complex numbers of half that length."""

    setting: FeatureSetting

    @cached_property
    def portable(self) -> FrontEnd:
        return FrontEnd(self.setting, self.setting.sampling_rate)

    @property
    def fft_length(self) -> int:
        return self.setting.frame_length // 2 if self.setting.frame_length % 2 == 0 else self.setting.frame_length

    @cached_property
    def factors(self) -> list[int]:
        """Primes whose product is the length of the transform; a 1 of length 1."""
        found, left, factor = [], self.fft_length, 2
        while left > 1:
            if left % factor == 0:
                found.append(factor)
                left //= factor
            else:
                factor += 1
        return found or [1]

    @cached_property
    def bands(self) -> list[tuple[int, npt.NDArray[np.float32]]]:
        """For each mel band its first bin with a weight, and the weights from there to its last one."""
        found = []
        for column in self.portable.mel.T:
            bins = np.flatnonzero(column)
            first, end = (int(bins[0]), int(bins[-1]) + 1) if bins.size else (self.bins[0], self.bins[0])
            found.append((first, column[first:end]))
        return found

    @cached_property
    def bins(self) -> tuple[int, int]:
        """The first bin with a weight in any band, and how many there are up to the last one."""
        used = np.flatnonzero(self.portable.mel.any(axis=1))
        return int(used[0]), int(used[-1] - used[0]) + 1

    @property
    def weights(self) -> npt.NDArray[np.float32]:
        return np.concatenate([weights for _, weights in self.bands])

    def constants(self) -> dict[str, Any]:
        """Name -> value of each macro."""
        setting = self.setting
        return {
            "SAMPLING_RATE": setting.sampling_rate,
            "SAMPLES": setting.samples,
            "FRAME_LENGTH": setting.frame_length,
            "FRAME_STEP": setting.frame_step,
            "FRAMES": setting.shape[0],
            "FEATURES": setting.shape[1],
            "MEL_BINS": setting.mel_bins,
            "MEL_WEIGHTS": len(self.weights),
            "COEFFICIENTS": setting.coefficients or 0,
            "EPSILON": np.float32(EPSILON),
            "FFT_LENGTH": self.fft_length,
            "FFT_FACTORS": len(self.factors),
            "FIRST_BIN": self.bins[0],
            "BINS": self.bins[1],
        }

    def tables(self) -> str:
        """C definitions of what kws_tables.h declares."""
        angles = -2 * np.pi * np.arange(self.setting.frame_length) / self.setting.frame_length
        twiddles = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
        parts = [
            array("uint32_t kws_factors[KWS_FFT_FACTORS]", map(str, self.factors)),
            array("kws_complex kws_twiddles[KWS_FRAME_LENGTH]", map(c_row, twiddles)),
            array("float kws_window[KWS_FRAME_LENGTH]", map(c_float, self.portable.window)),
            array("uint32_t kws_mel_first[KWS_MEL_BINS]", (str(first - self.bins[0]) for first, _ in self.bands)),
            array("uint32_t kws_mel_count[KWS_MEL_BINS]", (str(len(weights)) for _, weights in self.bands)),
            array("float kws_mel_weights[KWS_MEL_WEIGHTS]", map(c_float, self.weights)),
        ]
        if self.portable.dct is not None:
            parts.append(array("float kws_cosines[KWS_COEFFICIENTS][KWS_MEL_BINS]", map(c_row, self.portable.dct.T)))
        return "\n".join(parts)

    @property
    def table_bytes(self) -> int:
        """Of all tables in flash, at 4 bytes a number."""
        cosines = 0 if self.portable.dct is None else self.portable.dct.size
        numbers = 3 * self.setting.frame_length + 2 * self.setting.mel_bins + len(self.weights) + cosines
        return 4 * (numbers + len(self.factors))

    @property
    def work_bytes(self) -> int:
        """Of a kws_work in RAM."""
        return 4 * (4 * self.fft_length + self.bins[1] + self.setting.mel_bins + self.setting.shape[1])

    @property
    def operations(self) -> int:
        """Multiplications and additions of a window, without square roots, logarithms and indices."""
        length = self.fft_length
        fft = sum(
            length // 2 * (2 * COMPLEX_SUM + COMPLEX_PRODUCT)
            if radix == 2
            else length * ((radix - 1) * (COMPLEX_PRODUCT + COMPLEX_SUM) + COMPLEX_PRODUCT)
            for radix in self.factors
        )
        split = SPLIT if self.setting.frame_length % 2 == 0 else 0
        cosines = 0 if self.portable.dct is None else self.portable.dct.size
        frame = 2 * self.setting.frame_length + fft + self.bins[1] * (split + MAGNITUDE) + 2 * len(self.weights)
        return self.setting.shape[0] * (frame + self.setting.mel_bins + 2 * cosines)


def array(declared: str, values: Iterable[str]) -> str:
    lines, line = [], " "
    for value in values:
        if len(line) + len(value) > 110:
            lines.append(line)
            line = " "
        line += f" {value},"
    return "\n".join([f"const {declared} = {{", *lines, line, "};", ""])


def c_row(values: Iterable[Any]) -> str:
    return "{" + ", ".join(map(c_float, values)) + "}"


def c_float(value: Any) -> str:
    """A float32 as a literal that reads back as the same bits."""
    text = f"{float(np.float32(value)):.9g}"
    return f"{text}f" if set(".e") & set(text) else f"{text}.0f"
