/* The C front end and detector on a computer, to compare them with the Python ones or to feed a model elsewhere.
 *
 *   kws_host [-f] FILE.wav ...
 *
 * For each window it prints a line "input" with the numbers that the model takes, after a line "features" if -f asks
 * for it. Whoever then writes the model's KWS_CLASSES output numbers to standard input gets a line "scores" with
 * probabilities, and of a recording longer than a window a line "word" for each one that is heard. */
#include <stdio.h>
#include <string.h>

#include "kws.h"

enum { BLOCK = 256, STREAMED = KWS_SAMPLES + KWS_HOP_FRAMES * KWS_FRAME_STEP };

static kws_stream stream;
static int16_t window[STREAMED];

/* The model is at the other end of standard output and input. */
static int elsewhere(const kws_number *input, kws_number *output, void *context) {
  (void)context;
  fputs("input", stdout);
  for (size_t i = 0; i < KWS_INPUTS; ++i) printf(" %.9g", (double)input[i]);
  puts("");
  fflush(stdout);
  for (size_t i = 0; i < KWS_CLASSES; ++i) {
    float number;
    if (scanf("%f", &number) != 1) return 1;
    output[i] = (kws_number)number;
  }
  return 0;
}

/* A number whose lowest byte comes first. */
static unsigned long little(const unsigned char *bytes, int count) {
  unsigned long number = 0;
  while (count-- > 0) number = number << 8 | bytes[count];
  return number;
}

/* The number of samples that follow in a WAV of 16-bit PCM, mono, at KWS_SAMPLING_RATE; 0 for other files. */
static unsigned long find_samples(FILE *file) {
  unsigned char head[12], chunk[8], format[16] = {0};
  if (fread(head, 1, 12, file) != 12 || memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0) return 0;
  while (fread(chunk, 1, 8, file) == 8) {
    unsigned long size = little(chunk + 4, 4);
    if (memcmp(chunk, "data", 4) == 0) {
      const int fits = little(format + 2, 2) == 1 && little(format + 4, 4) == KWS_SAMPLING_RATE;
      return fits && little(format + 14, 2) == 16 ? size / 2 : 0;
    }
    if (memcmp(chunk, "fmt ", 4) == 0 && size >= 16 && fread(format, 1, 16, file) == 16) size -= 16;
    if (fseek(file, (long)(size + size % 2), SEEK_CUR) != 0) return 0;
  }
  return 0;
}

static size_t read_samples(FILE *file, int16_t *samples, size_t most) {
  unsigned char bytes[2];
  size_t count = 0;
  while (count < most && fread(bytes, 1, 2, file) == 2) {
    const long value = (long)little(bytes, 2);
    samples[count++] = (int16_t)(value > 32767 ? value - 65536 : value);
  }
  return count;
}

static void print_scores(const char *name, const float *scores) {
  fputs(name, stdout);
  for (size_t i = 0; i < KWS_CLASSES; ++i) printf(" %.9g", (double)scores[i]);
  puts("");
}

static void print_features(size_t count) {
  fputs("features", stdout);
  memset(window + count, 0, (KWS_SAMPLES - count) * sizeof *window);
  for (size_t frame = 0; frame < KWS_FRAMES; ++frame) {
    kws_frame(window + frame * KWS_FRAME_STEP, &stream.work);
    for (size_t i = 0; i < KWS_FEATURES; ++i) printf(" %.9g", (double)stream.work.features[i]);
  }
  puts("");
}

/* Feeds a recording block by block, as a microphone would. */
static void hear(FILE *file, unsigned long left) {
  size_t heard = 0;
  while (left > 0) {
    const size_t count = read_samples(file, window, left < BLOCK ? left : BLOCK);
    for (size_t at = 0; at < count;) {
      const size_t taken = kws_listen(&stream, window + at, count - at);
      at += taken;
      heard += taken;
      if (stream.heard < 0) continue;
      const double seconds = (double)heard / KWS_SAMPLING_RATE, sure = stream.detector.smoothed[stream.heard];
      printf("word %.3f %s %.9g\n", seconds, kws_words[stream.heard], sure);
    }
    if (count == 0) return;
    left -= count;
  }
}

static int answer(const char *path, int with_features) {
  FILE *file = fopen(path, "rb");
  const unsigned long samples = file == NULL ? 0 : find_samples(file);
  kws_begin(&stream, elsewhere, NULL);
  if (samples == 0) {
    fprintf(stderr, "%s: is no WAV of mono 16-bit PCM at %d Hz; convert it.\n", path, KWS_SAMPLING_RATE);
  } else if (samples >= STREAMED) {
    hear(file, samples);
  } else {
    const size_t count = read_samples(file, window, samples < KWS_SAMPLES ? samples : KWS_SAMPLES);
    if (with_features) print_features(count);
    if (kws_scores(&stream, window, count) == 0) print_scores("scores", stream.scores);
  }
  if (file != NULL) fclose(file);
  return samples == 0;
}

int main(int count, char **arguments) {
  const int with_features = count > 1 && strcmp(arguments[1], "-f") == 0;
  int failed = count < 2 + with_features;
  if (failed) fputs("usage: kws_host [-f] FILE.wav ...\n", stderr);
  for (int i = 1 + with_features; i < count; ++i) failed |= answer(arguments[i], with_features);
  return failed;
}
