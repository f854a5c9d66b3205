/* Constants of the front end, generated from its setting: kws_tables.c. */
#ifndef KWS_TABLES_H
#define KWS_TABLES_H

#include "kws.h"

extern const uint32_t kws_factors[KWS_FFT_FACTORS];        /* their product is KWS_FFT_LENGTH */
extern const kws_complex kws_twiddles[KWS_FRAME_LENGTH];   /* exp(-2 pi i k / KWS_FRAME_LENGTH) */
extern const float kws_window[KWS_FRAME_LENGTH];           /* periodic Hann */
extern const uint32_t kws_mel_first[KWS_MEL_BINS];         /* first magnitude of a band with a weight */
extern const uint32_t kws_mel_count[KWS_MEL_BINS];         /* its weights, one after the other */
extern const float kws_mel_weights[KWS_MEL_WEIGHTS];
#if KWS_COEFFICIENTS
extern const float kws_cosines[KWS_COEFFICIENTS][KWS_MEL_BINS]; /* DCT-II */
#endif
extern const uint32_t kws_keywords[KWS_KEYWORDS];          /* classes that can be heard in a stream */

#endif
