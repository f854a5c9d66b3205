"""Says which words are in WAV files, or in what a microphone hears.

python classify.py recording.wav
python classify.py --microphone
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kwssearch.deploy.bundled.answers import Spotters, line, microphone_answers
from kwssearch.deploy.bundled.sound import SoundError, wav_blocks, wav_rate
from kwssearch.deploy.bundled.spotter import MODEL, described

HERE = Path(__file__).resolve().parent


def file_answers(name: str, spotters: Spotters) -> Iterator[dict[str, Any]]:
    """`Spotters.answers` of a WAV."""
    path = Path(name)
    yield from spotters.answers(name, wav_rate(path), wav_blocks(path))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="a WAV of 16-bit PCM, of any rate and length")
    parser.add_argument("--microphone", action="store_true", help="listen until Ctrl-C (needs sounddevice)")
    parser.add_argument("--threshold", type=float, help="the mean probability from which on a word of a stream counts")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each answer")
    chosen = parser.parse_args(arguments)
    if bool(chosen.files) == chosen.microphone:
        parser.error("expected files, or --microphone")
    spotters = Spotters(described(HERE), HERE / MODEL, chosen.threshold)
    sources = [file_answers(name, spotters) for name in chosen.files]
    failed = 0
    for answers in sources or [microphone_answers(described(HERE), HERE / MODEL, chosen.threshold)]:
        try:
            for answer in answers:
                print(json.dumps(answer) if chosen.json else line(answer), flush=True)
        except (SoundError, ValueError) as error:
            print(f"Error: {error}", file=sys.stderr)
            failed = 1
        except KeyboardInterrupt:
            return 130
    return failed


if __name__ == "__main__":
    sys.exit(main())
