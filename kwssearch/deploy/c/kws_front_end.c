/* Natural logarithms of mel bands of one frame, and for MFCC their DCT: what front_end.py computes. */
#include "kws.h"

#include <math.h>

#include "kws_tables.h"

/* Frames of even length are transformed as complex numbers of half that length. */
enum { HALVED = KWS_FRAME_LENGTH / KWS_FFT_LENGTH };

static kws_complex add(kws_complex a, kws_complex b) {
  kws_complex sum = {a.re + b.re, a.im + b.im};
  return sum;
}

static kws_complex multiply(kws_complex a, kws_complex b) {
  kws_complex product = {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  return product;
}

/* Stockham's step of one radix: `part` groups of `radix` numbers that are part * stride apart. */
static void butterflies(const kws_complex *from, kws_complex *to, size_t radix, size_t part, size_t stride) {
  const size_t turn = KWS_FRAME_LENGTH / radix;
  for (size_t j = 0; j < part; ++j) {
    for (size_t q = 0; q < stride; ++q) {
      const kws_complex *given = from + q + stride * j;
      kws_complex *made = to + q + stride * radix * j;
      for (size_t r = 0; r < radix; ++r) {
        kws_complex sum = given[0];
        for (size_t t = 1; t < radix; ++t) {
          sum = add(sum, multiply(given[stride * part * t], kws_twiddles[r * t % radix * turn]));
        }
        made[stride * r] = multiply(sum, kws_twiddles[HALVED * stride * j * r]);
      }
    }
  }
}

/* The same for radix 2, where it takes no multiplication but the last. */
static void pairs(const kws_complex *from, kws_complex *to, size_t part, size_t stride) {
  for (size_t j = 0; j < part; ++j) {
    const kws_complex twiddle = kws_twiddles[HALVED * stride * j];
    for (size_t q = 0; q < stride; ++q) {
      const kws_complex a = from[q + stride * j], b = from[q + stride * (j + part)];
      const kws_complex difference = {a.re - b.re, a.im - b.im};
      to[q + stride * 2 * j] = add(a, b);
      to[q + stride * (2 * j + 1)] = multiply(difference, twiddle);
    }
  }
}

/* Which of the two spectra holds the discrete Fourier transform of the first one's numbers. */
static size_t transform(kws_complex spectra[2][KWS_FFT_LENGTH]) {
  size_t from = 0, length = KWS_FFT_LENGTH, stride = 1;
  for (size_t f = 0; f < KWS_FFT_FACTORS; ++f) {
    const size_t radix = kws_factors[f];
    length /= radix;
    if (radix == 2) {
      pairs(spectra[from], spectra[1 - from], length, stride);
    } else {
      butterflies(spectra[from], spectra[1 - from], radix, length, stride);
    }
    stride *= radix;
    from = 1 - from;
  }
  return from;
}

/* One bin of a frame's spectrum, from the transform of its packed samples. */
static float magnitude(const kws_complex *spectrum, size_t bin) {
#if KWS_FRAME_LENGTH == KWS_FFT_LENGTH
  const kws_complex z = spectrum[bin];
#else
  const kws_complex a = spectrum[bin % KWS_FFT_LENGTH];
  const kws_complex b = spectrum[(KWS_FFT_LENGTH - bin) % KWS_FFT_LENGTH];
  const kws_complex even = {0.5f * (a.re + b.re), 0.5f * (a.im - b.im)};
  const kws_complex odd = {0.5f * (a.im + b.im), 0.5f * (b.re - a.re)};
  const kws_complex z = add(even, multiply(odd, kws_twiddles[bin]));
#endif
  return sqrtf(z.re * z.re + z.im * z.im);
}

static void pack(const int16_t *samples, kws_complex *packed) {
  for (size_t i = 0; i < KWS_FFT_LENGTH; ++i) {
    const size_t at = HALVED * i;
    packed[i].re = (float)samples[at] / 32768.0f * kws_window[at];
    packed[i].im = HALVED == 1 ? 0.0f : (float)samples[at + HALVED - 1] / 32768.0f * kws_window[at + HALVED - 1];
  }
}

void kws_frame(const int16_t samples[KWS_FRAME_LENGTH], kws_work *work) {
  pack(samples, work->spectra[0]);
  const size_t found = transform(work->spectra);
  for (size_t i = 0; i < KWS_BINS; ++i) {
    work->magnitudes[i] = magnitude(work->spectra[found], KWS_FIRST_BIN + i);
  }
  const float *weight = kws_mel_weights;
  for (size_t band = 0; band < KWS_MEL_BINS; ++band) {
    float sum = 0.0f;
    const float *from = work->magnitudes + kws_mel_first[band];
    for (size_t i = 0; i < kws_mel_count[band]; ++i) {
      sum += *weight++ * from[i];
    }
    work->bands[band] = logf(sum + KWS_EPSILON);
  }
  for (size_t i = 0; i < KWS_FEATURES; ++i) {
#if KWS_COEFFICIENTS
    float sum = 0.0f;
    for (size_t band = 0; band < KWS_MEL_BINS; ++band) {
      sum += work->bands[band] * kws_cosines[i][band];
    }
    work->features[i] = sum;
#else
    work->features[i] = work->bands[i];
#endif
  }
}

kws_number kws_quantise(float feature) {
#if KWS_INT8
  const float low = -128.0f - KWS_INPUT_ZERO, high = 127.0f - KWS_INPUT_ZERO;
  const float step = rintf(feature / KWS_INPUT_SCALE);
  return (int8_t)((step < low ? low : step > high ? high : step) + KWS_INPUT_ZERO);
#else
  return feature;
#endif
}
