"""One .tflite without TensorFlow: what is in it, what it answers, how long that takes."""

MODEL_FILE = "model.tflite"
ZIP_FILE = "model.tflite.zip"
