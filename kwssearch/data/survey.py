"""Looks through a folder of spoken words: its clips, their classes and splits, and everything that is wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kwssearch.data import elsewhere
from kwssearch.data.classes import balanced, classes_of, is_other, means, ordered
from kwssearch.data.layout import Layout, recognise
from kwssearch.data.silence import Crop, crops, read_noise
from kwssearch.data.sound import Levels, weaknesses
from kwssearch.data.speakers import speaker_rule
from kwssearch.data.splits import SPLITS, Meaning, split_clips
from kwssearch.data.telling import tell_of_files, tell_of_folders, tell_of_left_out, tell_of_names
from kwssearch.data.tree import BACKGROUND, Folder, read_tree
from kwssearch.data.wav import clip_bytes, digest, faults_of, parse, read_start, reason_of, samples_of
from kwssearch.errors import counted
from kwssearch.sources import LISTS
from kwssearch.space import SILENCE, UNKNOWN, DataSettings

FEW_CLIPS = 100
LIST = "list "


@dataclass(frozen=True)
class Problem:
    """What is wrong with one file, list or word; `fatal` where figures would be wrong.

    Attributes:
        kind: problems of one kind are told in one line.
    """

    path: str
    text: str
    fatal: bool = True
    kind: str = ""


@dataclass
class Survey:
    """One pass over a folder: what is there, and what is wrong with it.

    Attributes:
        notes: sentences on what was found and decided.
        words: the classes.
        digests: path -> digest, of every clip that could be read.
        class_of, split_of: path -> class, split, of every clip that is used.
        sources: folders elsewhere from which classes have clips.
        crops: path -> piece of noise, of those clips that are not files of their own.
    """

    root: Path
    settings: DataSettings = field(default_factory=DataSettings)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    words: tuple[str, ...] = ()
    sampling_rate: int = 0
    split_by: str = "speaker"
    digests: dict[str, str] = field(default_factory=dict)
    class_of: dict[str, str] = field(default_factory=dict)
    split_of: dict[str, str] = field(default_factory=dict)
    sources: list[elsewhere.Source] = field(default_factory=list)
    crops: dict[str, Crop] = field(default_factory=dict)
    levels: Levels = field(default_factory=Levels)

    def __post_init__(self) -> None:
        tree = read_tree(self.root, self.fault)
        folders = {name: folder for name, folder in tree.folders.items() if folder.sounds}
        are_named = bool(self.settings.words) and folders.keys() >= set(self.settings.words)
        layout = Layout("words") if are_named else recognise(tree)
        if layout.text:
            self.fault("", "layout", layout.text)
            return
        silent = [name for name, folder in tree.folders.items() if not folder.has_sound()]
        tell_of_folders(tree, folders, silent, self)
        classes = classes_of(folders, self.settings, self.fault, silent)
        tell_of_left_out(folders, classes, self.settings, self)
        tell_of_names(self.root, {name: folders[name] for name in sorted(classes)}, self)
        tell_of_files((folders[name] for name in sorted(classes)), self)
        self.class_of = {f"{name}/{clip}": classes[name] for name in sorted(classes) for clip in folders[name].clips}
        others = [kind for kind in elsewhere.KINDS if getattr(self.settings, kind)]
        self.words = ordered({*classes.values(), *others}, self.settings)
        self.split(folders, [name for name in silent if not tree.folders[name].link])
        self.add_elsewhere()
        self.keep_balance()
        self.read_clips()
        self.add_crops(folders)
        self.compare()
        self.weigh(folders)

    def fault(self, path: str, kind: str, text: str) -> None:
        self.problems.append(Problem(path, text, True, kind))

    def warn(self, path: str, kind: str, text: str) -> None:
        self.problems.append(Problem(path, text, False, kind))

    def split(self, folders: dict[str, Folder], silent: list[str]) -> None:
        every = frozenset(path for folder in folders.values() for path in folder.sounds)
        meaning = Meaning(self.root, every, folders)
        found = split_clips(self.root, self.class_of, meaning, self.settings, self, silent)
        self.split_of, self.split_by = found.split_of, found.by
        self.class_of = {path: name for path, name in self.class_of.items() if path in self.split_of}

    def add_elsewhere(self) -> None:
        """Adds clips of other words from the folders that the settings name."""
        self.sources = elsewhere.sources(self.settings)
        keywords = [word for word in self.words if not is_other(word, self.settings)]
        others = [source for source in self.sources if source.kind == UNKNOWN]
        for source in sorted(others, key=lambda source: not elsewhere.has_lists(source)):  # lists bind the others
            clips = elsewhere.other_clips(source, keywords)
            own = {} if self.split_by == "clip" else self.split_of
            self.split_of |= elsewhere.split_elsewhere(source, clips, own, speaker_rule(self.settings.speaker))
            self.class_of |= dict.fromkeys(clips, UNKNOWN)

    @property
    def elsewhere(self) -> dict[str, Path]:
        """First part of a path -> folder, of clips outside the data set's own."""
        return {source.name: source.folder for source in self.sources}

    def located(self, path: str) -> Path:
        return elsewhere.located(self.root, self.elsewhere, path)

    def keep_balance(self) -> None:
        """Leaves out what unknown and silence have more of than a word has."""
        most = means(self.split_of, self.class_of)
        for gathered, wanted in ((UNKNOWN, self.settings.unknown), (SILENCE, self.settings.silence)):
            if not wanted:
                continue
            clips = [path for path, name in self.class_of.items() if name == gathered]
            by_source = defaultdict(list)
            for path in clips:
                by_source[self.elsewhere.get(path.split("/")[0])].append(path)
            left = set(clips).difference(*(balanced(own, self.split_of, most) for own in by_source.values()))
            for path in left:
                del self.class_of[path], self.split_of[path]
            if left:
                used = f"Of the {len(clips):,} clips of {gathered!r}, {len(clips) - len(left):,} are used"
                each = "from each of its places, " if len(by_source) > 1 else ""
                self.notes.append(
                    f"{used}: {each}in each split as many as a word has on average, from its folders in turn."
                )

    def read_clips(self) -> None:
        rates: dict[str, int] = {}
        limit = clip_bytes(self.settings.window_s)
        for path in self.class_of:
            try:
                content = read_start(self.located(path), limit)
                recording = parse(content)
            except (OSError, ValueError) as error:
                self.fault(path, "unreadable", reason_of(error))
                continue
            faults = faults_of(recording, self.settings.window_s, whole=len(content) <= limit)
            for fault in faults:
                self.fault(path, fault.kind, fault.text)
            if not any(fault.kind == "rate" for fault in faults):
                rates[path] = recording.rate
            if not faults:
                self.digests[path] = digest(content)
                samples = samples_of(recording, self.settings.window_s)
                self.levels.see(path, samples)
                for weakness in () if self.class_of[path] == SILENCE else weaknesses(samples, recording.rate):
                    self.warn(path, weakness.kind, weakness.text)
        if rates:
            self.sampling_rate = Counter(rates.values()).most_common(1)[0][0]
        for path, rate in rates.items():
            if rate != self.sampling_rate:
                text = f"has {rate} Hz, expected {self.sampling_rate} Hz as most clips have"
                self.fault(path, "other rate", f"{text}; 'kwssearch data import' resamples it")

    def add_crops(self, folders: dict[str, Folder]) -> None:
        """Fills up the class of silence with pieces of noise."""
        if not self.settings.silence or not self.sampling_rate:
            return
        recordings = list(folders[BACKGROUND].sounds) if BACKGROUND in folders else []
        for source in self.sources:
            recordings += elsewhere.noise_recordings(source) if source.kind == SILENCE else []
        noise = {}
        for path in recordings:
            try:
                samples, rate = read_noise(self.located(path))
                if rate != self.sampling_rate:
                    raise ValueError(f"has {rate} Hz, expected {self.sampling_rate} Hz as most clips have; "
                                     "'kwssearch data import' resamples it")  # fmt: skip
                noise[path] = samples
            except (OSError, ValueError) as error:
                self.fault(path, "noise", reason_of(error))
        have = Counter(self.split_of[path] for path, name in self.class_of.items() if name == SILENCE)
        most = means(self.split_of, self.class_of)
        wanted = {split: max(0, most[split] - have[split]) for split in SPLITS}
        frames = round(self.settings.window_s * self.sampling_rate)
        for split, crop in crops({path: len(s) for path, s in noise.items()}, wanted, frames, self.sampling_rate):
            self.crops[crop.path] = crop
            self.class_of[crop.path], self.split_of[crop.path] = SILENCE, split
            self.digests[crop.path] = digest(crop.of(noise[crop.file]).tobytes())
        if self.crops:
            self.notes.append(
                f"{counted(len(self.crops), 'clip')} of 'silence' are crops of {counted(len(noise), 'recording')}, at "
                f"-30 to 0 dB; no two splits share a part of a recording."
            )

    def compare(self) -> None:
        """Clips that hold the same sound where that makes figures doubtful."""
        for clip, other in self.levels.repeated(self.split_of):
            text = f"has the same sound as {other!r}, which is in another split; accuracy may look too good"
            self.warn(clip, "in two splits", text)
        for clip, other in self.levels.repeated(self.class_of):
            self.warn(clip, "in two words", f"has the same sound as {other!r}, another word; remove the wrong one")

    def weigh(self, folders: dict[str, Folder]) -> None:
        """Whether there are classes enough, and enough clips of each in each split."""
        if len(self.words) < 2:
            text = f"holds {counted(len(self.words), 'word folder')}"
            text += f" ({self.words[0]!r})" if self.words else ""
            remedy = "name another word, or set unknown = true or silence = true"
            remedy = remedy if self.words else "name the folder that holds them"
            self.fault("", "words", f"{text}, expected at least 2, each with the WAVs of one word; {remedy}")
        counts = Counter((name, self.split_of[path]) for path, name in self.class_of.items())
        lists_hold = not any(problem.fatal and problem.kind.startswith(LIST) for problem in self.problems)
        for word in self.words:
            total = sum(counts[word, split] for split in SPLITS)
            lacking = [split for split in SPLITS if not counts[word, split]]
            if not total:
                text = (
                    "holds no usable clip, expected WAVs of this word; 'kwssearch data import' converts other formats"
                )
                self.fault(word, "no clip", text)
            elif lacking and lists_hold:
                text = f"has {counted(total, 'clip')} but none for {' and '.join(lacking)}, expected one a split"
                remedy = f"add clips of more speakers, or name some in {' and '.join(LISTS.values())}"
                self.fault(word, "lacking", f"{text}; {remedy} ('kwssearch data split' writes them)")
            elif total < FEW_CLIPS:
                text = f"has {counted(total, 'clip')}; with fewer than {FEW_CLIPS} a word, accuracies are rough"
                self.warn(word, "few", text)


def grouped(problems: Iterable[Problem]) -> list[Problem]:
    """One problem of each kind, in order of discovery, that says how many more there are."""
    kinds: dict[tuple[str, bool], list[Problem]] = defaultdict(list)
    for problem in problems:
        kinds[problem.kind, problem.fatal].append(problem)
    return [
        Problem(
            first.path, f"{first.text} ({len(rest):,} more like it)" if rest else first.text, first.fatal, first.kind
        )
        for first, *rest in kinds.values()
    ]
