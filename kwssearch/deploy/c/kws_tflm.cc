// The model in TensorFlow Lite Micro: one interpreter, in static memory, with the operators that the model has.
#include "kws_tflm.h"

#include <string.h>

#include "kws_operators.h"
#include "model_data.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {

alignas(16) uint8_t arena[KWS_ARENA_BYTES];
tflite::MicroInterpreter* interpreter = nullptr;

bool has_bytes(const TfLiteTensor* tensor, size_t bytes) { return tensor != nullptr && tensor->bytes == bytes; }

}  // namespace

int kws_tflm_begin(void) {
  static tflite::MicroMutableOpResolver<KWS_OPERATORS> resolver;
  if (kws_add_operators(resolver) != kTfLiteOk) return 1;
  static tflite::MicroInterpreter prepared(tflite::GetModel(kws_model_data), resolver, arena, sizeof arena);
  if (prepared.AllocateTensors() != kTfLiteOk) return 2;
  if (!has_bytes(prepared.input(0), KWS_INPUTS * sizeof(kws_number))) return 3;
  if (!has_bytes(prepared.output(0), KWS_CLASSES * sizeof(kws_number))) return 4;
  interpreter = &prepared;
  return 0;
}

int kws_tflm_invoke(const kws_number* input, kws_number* output, void*) {
  if (interpreter == nullptr) return 5;
  memcpy(interpreter->input(0)->data.data, input, KWS_INPUTS * sizeof(kws_number));
  if (interpreter->Invoke() != kTfLiteOk) return 6;
  memcpy(output, interpreter->output(0)->data.data, KWS_CLASSES * sizeof(kws_number));
  return 0;
}

size_t kws_tflm_arena_used(void) { return interpreter == nullptr ? 0 : interpreter->arena_used_bytes(); }
