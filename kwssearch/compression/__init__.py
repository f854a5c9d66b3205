"""From a trained model to the file that ships."""

from kwssearch.compression.convert import convert, zipped

__all__ = ["convert", "zipped"]
