/* Smoothing, a threshold and suppression: what detector.py does. */
#include <string.h>

#include "kws_tables.h"

void kws_detector_begin(kws_detector *detector) {
  memset(detector, 0, sizeof *detector);
  detector->since = KWS_SUPPRESSION;
}

/* Mean probabilities of the latest windows, from the oldest on. */
static void smooth(kws_detector *detector) {
  const size_t oldest = detector->count < KWS_SMOOTHING ? 0 : detector->next;
  for (size_t i = 0; i < KWS_CLASSES; ++i) {
    float sum = detector->latest[oldest][i];
    for (size_t k = 1; k < detector->count; ++k) {
      sum += detector->latest[(oldest + k) % KWS_SMOOTHING][i];
    }
    detector->smoothed[i] = sum / (float)detector->count;
  }
}

int kws_detect(kws_detector *detector, const float scores[KWS_CLASSES]) {
  memcpy(detector->latest[detector->next], scores, sizeof detector->latest[0]);
  detector->next = (detector->next + 1) % KWS_SMOOTHING;
  detector->count += detector->count < KWS_SMOOTHING;
  detector->since += detector->since < KWS_SUPPRESSION;
  smooth(detector);
  size_t best = kws_keywords[0];
  for (size_t k = 1; k < KWS_KEYWORDS; ++k) {
    if (detector->smoothed[kws_keywords[k]] > detector->smoothed[best]) best = kws_keywords[k];
  }
  if (detector->since < KWS_SUPPRESSION || detector->smoothed[best] < KWS_THRESHOLD) return -1;
  detector->since = 0;
  return (int)best;
}
