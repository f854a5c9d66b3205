"""Puts every clip in one split, and says by what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kwssearch.data.speakers import MARK, matched, speaker_of, speaker_rule, suggest
from kwssearch.data.splits.dealing import FEWEST_SPEAKERS, SPLITS, By, deal_clips, deal_speakers, split_by_speaker
from kwssearch.data.splits.lists import ABOVE, Meaning, SplitList, agree, find_lists, told
from kwssearch.data.telling import Teller
from kwssearch.errors import counted
from kwssearch.sources import LISTS
from kwssearch.space import SILENCE, DataSettings


@dataclass(frozen=True)
class Split:
    """Clip -> split, and what decided; clips that no split takes are not in it."""

    split_of: dict[str, str]
    by: By


def split_clips(
    root: Path,
    class_of: Mapping[str, str],
    meaning: Meaning,
    settings: DataSettings,
    tell: Teller,
    folders: Sequence[str] = (),
) -> Split:
    """The split of every clip: by the lists where some stand, else by the speaker, else clip by clip.

    Args:
        class_of: clip -> class, of those that are used.
        meaning: knows all clips that are there, which lists may name.
        folders: those without recordings, where lists may be.
    """
    speaker_of = speaker_rule(settings.speaker)
    voices = {clip: name for clip, name in class_of.items() if not (settings.silence and name == SILENCE)}
    tell_of_speakers(list(voices), settings, tell)
    if used := choose(find_lists(root, meaning, folders), tell):
        return Split(by_lists(used, class_of, speaker_of, meaning, tell), "lists")
    others = deal_speakers({clip: SILENCE for clip in class_of.keys() - voices.keys()}, speaker_rule(None))
    if not voices:
        return Split(others, "speaker")
    speakers = sorted({speaker_of(clip) for clip in voices})
    if len(speakers) < FEWEST_SPEAKERS:
        known = f"{counted(len(speakers), 'speaker')} ({', '.join(speakers)})"
        text = f"holds {known}, expected at least {FEWEST_SPEAKERS} to keep voices apart; clips were split one by one, "
        tell.warn("", "speakers", text + "and accuracies are those of voices that were trained on")
        return Split({**deal_clips(voices), **others}, "clip")
    dealt = deal_speakers(voices, speaker_of)
    if any(split != split_by_speaker(speaker_of(clip)) for clip, split in dealt.items()):
        tell.notes.append(dealing(dealt, speaker_of))
    return Split({**dealt, **others}, "speaker")


def choose(found: Sequence[SplitList], tell: Teller) -> dict[str, SplitList]:
    """Split -> the list that decides it; says of every other one why it does not."""
    ours = [listed for listed in found if listed.is_ours]
    inside = [listed for listed in found if not listed.name.startswith(ABOVE)]
    beside = [listed for listed in found if listed.name.startswith(ABOVE)]
    used: dict[str, SplitList] = {}
    for group in (ours, beside) if len(ours) == len(LISTS) else (inside, beside):
        plain = [listed for listed in group if listed.is_ours or (listed.is_plain and not listed.fault)]
        decides = not used and any(listed.split != "train" for listed in plain)
        for listed in sorted(plain, key=lambda one: not one.name.endswith(tuple(LISTS.values()))):
            if decides and listed.split not in used:
                used[listed.split] = listed
    used = {split: used[split] for split in SPLITS if split in used}
    for listed in found:
        if listed not in used.values():
            tell_unused(listed, used, tell)
    if used:
        names = joined(listed.name for listed in used.values())
        tell.notes.append(f"{names} {'decide' if len(used) > 1 else 'decides'} the splits.")
    return used


def tell_unused(listed: SplitList, used: Mapping[str, SplitList], tell: Teller) -> None:
    names = " and ".join(LISTS.values())
    if used:
        others = joined(one.name for one in used.values())
        tell.notes.append(f"{listed.name}: is not used, since {others} {'decide' if len(used) > 1 else 'decides'}.")
    elif listed.fault:
        tell.warn(listed.name, "unused list", f"{listed.fault}; until then it is not used")
    elif listed.is_plain:
        text = "names clips for training only and is not used; name those for validation and test in"
        tell.warn(listed.name, "unused list", f"{text} {names}")
    else:
        lines = len(listed.clips) + len(listed.unclear) + len(listed.elsewhere)
        text = f"names {counted(len(listed.clips), 'clip')} of this folder in {counted(lines, 'line')} and is not used"
        tell.warn(listed.name, "unused list", f"{text}; write 'word/file.wav' a line in {names}, or remove it")


def by_lists(
    used: Mapping[str, SplitList],
    class_of: Mapping[str, str],
    speaker_of: Callable[[str], str],
    meaning: Meaning,
    tell: Teller,
) -> dict[str, str]:
    tell_of_lines(used, meaning, tell)
    split_of = dict.fromkeys(class_of, "train")
    for split, listed in used.items():
        split_of.update({clip: split for clip in listed.clips if clip in class_of})
    listed_clips = {clip for listed in used.values() for clip in listed.clips}
    split_of.update(unlisted_folders(split_of, listed_clips, class_of, speaker_of, tell))
    if "train" in used:
        mentioned = {clip.split("/")[0] for clip in listed_clips}
        left = sorted(clip for clip in class_of.keys() - listed_clips if clip.split("/")[0] in mentioned)
        for clip in left:
            del split_of[clip]
        if left:
            text = f"{'is' if len(left) == 1 else 'and others are'} on no list and left out"
            tell.warn(left[0], "unlisted", f"{text} ({counted(len(left), 'clip')} in all)")
    missing = [split for split in LISTS if split not in used]
    if missing:
        training = {clip: class_of[clip] for clip, split in split_of.items() if split == "train"}
        split_of.update(deal_speakers(training, speaker_of, splits=["train", *missing]))
        what = " and ".join(missing)
        tell.notes.append(f"No list names clips for {what}: a tenth of the training speakers was taken for it.")
    tell_of_shared(split_of, used, speaker_of, tell)
    return split_of


def unlisted_folders(
    split_of: Mapping[str, str],
    listed_clips: Collection[str],
    class_of: Mapping[str, str],
    speaker_of: Callable[[str], str],
    tell: Teller,
) -> dict[str, str]:
    """Clip -> split in folders that no list mentions: where its speaker is by the lists, else by the speaker."""
    mentioned = {clip.split("/")[0] for clip in listed_clips}
    clips = {clip: name for clip, name in class_of.items() if clip.split("/")[0] not in mentioned}
    if not clips or not mentioned:
        return {}
    known = {speaker_of(clip): split for clip, split in split_of.items() if clip not in clips}
    known |= {speaker_of(clip): split_of[clip] for clip in listed_clips if clip in split_of}
    folders = sorted({clip.split("/")[0] for clip in clips})
    tell.notes.append(f"No list names clips of {', '.join(folders[:4])}: they were split by speaker.")
    dealt = deal_speakers(clips, speaker_of)
    return {clip: known.get(speaker_of(clip), split) for clip, split in dealt.items()}


def tell_of_lines(used: Mapping[str, SplitList], meaning: Meaning, tell: Teller) -> None:
    for listed in used.values():
        if listed.fault:
            tell.fault(listed.name, f"list {listed.name}", listed.fault)
        if listed.unclear:
            tell.fault(listed.name, f"list {listed.name} lines", told(listed, meaning.hint))
        if listed.elsewhere:
            first = listed.elsewhere[0]
            text = f"lists {counted(len(listed.elsewhere), 'clip')} of words that are not here"
            shown = first if len(first) <= 80 else first[:77] + "..."
            tell.warn(listed.name, f"elsewhere {listed.name}", f"{text}, for example {shown!r}")
    for clip in agree(used):
        names = " and on ".join(listed.name for listed in used.values() if clip in listed.clips)
        tell.fault(clip, "two lists", f"is on {names}, expected on one; remove it from the other")


def tell_of_shared(
    split_of: Mapping[str, str], used: Mapping[str, SplitList], speaker_of: Callable[[str], str], tell: Teller
) -> None:
    splits: dict[str, set[str]] = defaultdict(set)
    for path, split in split_of.items():
        splits[speaker_of(path)].add(split)
    shared = [speaker for speaker, found in splits.items() if len(found) > 1]
    if shared:
        text = f"puts {counted(len(shared), 'speaker')} in two splits, for example {shared[0]!r}"
        names = joined(sorted(listed.name for listed in used.values()))
        tell.warn(names, "shared speakers", f"{text}; accuracy may look too good")


def tell_of_speakers(clips: Sequence[str], settings: DataSettings, tell: Teller) -> None:
    """How speakers were found, and where they probably were not."""
    if settings.speaker is not None:
        speakers = [matched(settings.speaker, clip) for clip in clips]
        silent = [clip for clip, speaker in zip(clips, speakers, strict=True) if speaker is None]
        known = counted(len({speaker for speaker in speakers if speaker}), "speaker")
        tell.notes.append(f"{known} by the pattern {settings.speaker!r}.")
        if silent:
            text = f"does not match the speaker pattern {settings.speaker!r}; its speaker is what stands before {MARK}"
            for clip in silent:
                tell.warn(clip, "unmatched", text)
        return
    unmarked = [clip for clip in clips if MARK not in clip]
    if len(unmarked) > len(clips) / 2:
        tell.warn(unmarked[0], "no speakers", without_mark(unmarked))
        return
    names = set(map(speaker_of, clips))
    joined = [name for name in sorted(names) if "_" in name and name.rsplit("_", 1)[1] in names]
    if joined:
        text = f"{counted(len(joined), 'speaker')} such as {joined[0]!r} may be others with a word before the name"
        tell.warn("", "joined speakers", f"{text}; speaker = '([^_]+){MARK}' takes the last part")


def without_mark(clips: Sequence[str]) -> str:
    """What it means that names tell no speaker, with the pattern that would, where they show one."""
    text = (
        f"has no {MARK!r} in its name, so it counts as its own speaker, as do {len(clips):,} clips; "
        "a voice may be in two splits, and accuracy may look too good"
    )
    found = suggest(clips)
    if found is None:
        return f"{text}; tell the speaker by a pattern, such as speaker = '^([^_]+)_'"
    shown = ", ".join(found.speakers[:3]) + (", ..." if len(found.speakers) > 3 else "")
    text += f"; speaker = '{found.pattern}' would find {counted(len(found.speakers), 'speaker')} ({shown})"
    if len(found.speakers) >= len({clip.split("/")[0] for clip in clips}):
        return text
    remedy = "'kwssearch data import' with a word pattern puts them in order"
    return f"{text}; if these are words and the folders are speakers, {remedy}"


def joined(names: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def dealing(split_of: Mapping[str, str], speaker_of: Callable[[str], str]) -> str:
    speakers: dict[str, set[str]] = defaultdict(set)
    for clip, split in split_of.items():
        speakers[split].add(speaker_of(clip))
    known = []
    for split in SPLITS:
        names = sorted(speakers[split])
        known.append(f"{', '.join(names)} for {split}" if len(names) <= 4 else f"{len(names)} for {split}")
    return f"Few speakers: they were dealt so that each split has each word ({'; '.join(known)})."
