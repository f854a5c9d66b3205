"""Who speaks in a clip."""


def speaker_of(clip: str) -> str:
    """The file name up to `_nohash_`, else the whole name (the Speech Commands convention)."""
    return clip.rsplit("/", 1)[-1].split("_nohash_")[0]
