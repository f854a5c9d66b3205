/* The model in TensorFlow Lite Micro, as a kws_model. */
#ifndef KWS_TFLM_H
#define KWS_TFLM_H

#include "kws.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Prepares the model in an arena of KWS_ARENA_BYTES; returns 0 if that worked. Call it once, first. */
int kws_tflm_begin(void);

/* Pass it to kws_begin; the context is not used. */
int kws_tflm_invoke(const kws_number *input, kws_number *output, void *context);

/* Bytes of the arena that are used, after kws_tflm_begin: print them once, and set KWS_ARENA_BYTES to a little more. */
size_t kws_tflm_arena_used(void);

#ifdef __cplusplus
}
#endif

#endif
