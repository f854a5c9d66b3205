/* Frames into windows, windows into the model, answers into the detector. */
#include "kws.h"

#include <string.h>

void kws_begin(kws_stream *stream, kws_model model, void *context) {
  memset(stream, 0, sizeof *stream);
  stream->model = model;
  stream->context = context;
  stream->heard = -1;
  kws_detector_begin(&stream->detector);
}

/* Computes the features of the held frame, puts them behind those of the earlier ones, and moves on by a step. */
static void take_frame(kws_stream *stream) {
  if (stream->frames == KWS_FRAMES) {
    memmove(stream->input, stream->input + KWS_FEATURES, sizeof stream->input - KWS_FEATURES * sizeof *stream->input);
    --stream->frames;
  }
  kws_frame(stream->held, &stream->work);
  for (size_t i = 0; i < KWS_FEATURES; ++i) {
    stream->input[stream->frames * KWS_FEATURES + i] = kws_quantise(stream->work.features[i]);
  }
  ++stream->frames;
  stream->samples = KWS_FRAME_LENGTH - KWS_FRAME_STEP;
  memmove(stream->held, stream->held + KWS_FRAME_STEP, stream->samples * sizeof *stream->held);
}

static int answer(kws_stream *stream) {
  stream->fault = stream->model(stream->input, stream->output, stream->context);
  if (stream->fault != 0) return stream->fault;
  for (size_t i = 0; i < KWS_CLASSES; ++i) {
#if KWS_INT8
    stream->scores[i] = ((float)stream->output[i] - KWS_OUTPUT_ZERO) * KWS_OUTPUT_SCALE;
#else
    stream->scores[i] = stream->output[i];
#endif
  }
  return 0;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

int kws_scores(kws_stream *stream, const int16_t *samples, size_t count) {
  stream->samples = stream->frames = 0;
  for (size_t frame = 0; frame < KWS_FRAMES; ++frame) {
    const size_t start = smaller(count, frame * KWS_FRAME_STEP);
    const size_t there = smaller(count - start, KWS_FRAME_LENGTH);
    memcpy(stream->held, samples + start, there * sizeof *samples);
    memset(stream->held + there, 0, (KWS_FRAME_LENGTH - there) * sizeof *samples);
    take_frame(stream);
  }
  return answer(stream);
}

size_t kws_listen(kws_stream *stream, const int16_t *samples, size_t count) {
  size_t taken = 0;
  stream->heard = -1;
  while (taken < count) {
    const size_t more = smaller(count - taken, KWS_FRAME_LENGTH - stream->samples);
    memcpy(stream->held + stream->samples, samples + taken, more * sizeof *samples);
    stream->samples += more;
    taken += more;
    if (stream->samples < KWS_FRAME_LENGTH) continue;
    take_frame(stream);
    if (stream->frames < KWS_FRAMES) continue;
    if (stream->waiting > 0) {
      --stream->waiting;
      continue;
    }
    stream->waiting = KWS_HOP_FRAMES - 1;
    if (answer(stream) == 0) stream->heard = kws_detect(&stream->detector, stream->scores);
    break;
  }
  return taken;
}
