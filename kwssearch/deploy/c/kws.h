/* From 16-bit samples to words: a front end, a place for a model, and a detector for streams.
 *
 * C99, without a heap. All that is kept is in a kws_stream of the caller's, which may be static; the stack holds a few
 * hundred bytes. Sound is mono at KWS_SAMPLING_RATE.
 *
 * One window:                                A stream:
 *   static kws_stream stream;                  kws_begin(&stream, kws_tflm_invoke, NULL);
 *   kws_begin(&stream, kws_tflm_invoke, NULL); while (count > 0) {
 *   kws_scores(&stream, samples, count);         size_t taken = kws_listen(&stream, samples, count);
 *   stream.scores[0] ...                         samples += taken, count -= taken;
 *                                                if (stream.heard >= 0) puts(kws_words[stream.heard]);
 *                                              }
 */
#ifndef KWS_H
#define KWS_H

#include <stddef.h>
#include <stdint.h>

#include "kws_config.h"

#ifdef __cplusplus
extern "C" {
#endif

#if KWS_INT8
typedef int8_t kws_number; /* what the model takes and gives */
#else
typedef float kws_number;
#endif

enum { KWS_INPUTS = KWS_FRAMES * KWS_FEATURES };

/* Runs the model on KWS_INPUTS numbers, frame by frame, and writes KWS_CLASSES numbers; returns 0 if that worked. */
typedef int (*kws_model)(const kws_number *input, kws_number *output, void *context);

typedef struct {
  float re, im;
} kws_complex;

/* Room for the computation of one frame. */
typedef struct {
  kws_complex spectra[2][KWS_FFT_LENGTH];
  float magnitudes[KWS_BINS];
  float bands[KWS_MEL_BINS];
  float features[KWS_FEATURES];
} kws_work;

/* The latest windows of a stream, and how long ago a word was heard. */
typedef struct {
  float latest[KWS_SMOOTHING][KWS_CLASSES];
  size_t next, count, since;
  float smoothed[KWS_CLASSES];
} kws_detector;

typedef struct {
  kws_model model;
  void *context;
  float scores[KWS_CLASSES]; /* probabilities of the latest window */
  int heard;                 /* the class that the latest call of kws_listen heard, or -1 */
  int fault;                 /* what the model last returned */
  size_t samples, frames;    /* in `held` and in `input` */
  size_t waiting;            /* frames until the next answer */
  int16_t held[KWS_FRAME_LENGTH];
  kws_number input[KWS_INPUTS], output[KWS_CLASSES];
  kws_detector detector;
  kws_work work;
} kws_stream;

extern const char *const kws_words[KWS_CLASSES];

/* Empties a stream and says which model answers. */
void kws_begin(kws_stream *stream, kws_model model, void *context);

/* Answers one window: up to KWS_SAMPLES samples, as if silence followed. Returns 0 and fills `scores`, or returns what
 * the model did. Do not mix with kws_listen on one stream. */
int kws_scores(kws_stream *stream, const int16_t *samples, size_t count);

/* Takes samples of a stream, and returns how many: all, or those up to the end of a window, which is answered. `heard`
 * then says whether a word is heard in it, and `detector.smoothed` how sure that is. */
size_t kws_listen(kws_stream *stream, const int16_t *samples, size_t count);

/* The parts, for other uses. */
void kws_frame(const int16_t samples[KWS_FRAME_LENGTH], kws_work *work); /* fills work->features */
kws_number kws_quantise(float feature);
void kws_detector_begin(kws_detector *detector);
int kws_detect(kws_detector *detector, const float scores[KWS_CLASSES]); /* the class that is heard, or -1 */

#ifdef __cplusplus
}
#endif

#endif
