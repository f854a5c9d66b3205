import csv
import io
import json
import shutil
import subprocess
import sys

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner
from support import shell

from kwssearch.analysis.answers import answers
from kwssearch.cli.commands import main
from kwssearch.testing import recorded, tiny

KEYS = {
    "trial_id", "strategy", "features", "architecture", "width_multiplier", "final_sparsity", "status", "accuracy",
    "memory_bytes", "tflite_bytes", "latency_ms", "feature_latency_ms", "model_latency_ms", "achieved_sparsity",
    "parameters", "epochs", "name", "on_front",
}  # fmt: skip
LIGHT = ("trials", "front", "answers")
HEAVY = ("tensorflow", "tf_keras", "keras", "keras_tuner", "tensorflow_model_optimization", "ai_edge_litert")
SLOW = ("scipy.stats", "pandas", "seaborn", "matplotlib", "soundfile", "dask", "distributed")


def invoke(*arguments: object):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def every_command(group=main, prefix=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, (*prefix, name))
        yield " ".join((*prefix, name)), command


@pytest.mark.parametrize("name, command", every_command())
def test_every_command_says_what_it_is_for_with_an_example(name: str, command) -> None:
    text = invoke(*name.split(), "--help").stdout
    assert "Example:" in text
    assert f"kwssearch {name}" in text.split("Example:")[1]
    assert command.help.split("\n")[0].endswith(".")


@pytest.mark.parametrize("command", LIGHT)
def test_json_holds_the_promised_keys_and_nothing_else_is_printed(finished, command: str) -> None:
    content = json.loads(invoke(command, finished, "--json").stdout)
    if command != "answers":
        assert content
        for row in content:
            assert set(row) >= KEYS
            assert 0 <= row["accuracy"] <= 1
            assert row["on_front"] in (True, False)


def test_answers_are_brief_and_the_details_are_asked_for(finished) -> None:
    brief, whole = invoke("answers", finished), invoke("answers", finished, "--details")
    for told in (brief, whole):
        assert [line[:2] for line in told.stdout.splitlines() if line[:1].isdigit()] == ["1.", "2.", "3.", "4."]
    assert "Recommended" in brief.stdout and "Effects:" not in brief.stdout
    assert "--details" in brief.stderr and "--details" not in whole.stderr
    assert "Effects:" in whole.stdout


def test_csv_has_a_row_a_trial(finished) -> None:
    rows = list(csv.DictReader(io.StringIO(invoke("trials", finished, "--csv").stdout)))
    assert [row["trial_id"] for row in rows] == list("0123")
    assert set(rows[0]) >= KEYS


def test_tables_show_every_trial(finished) -> None:
    lines = invoke("trials", finished).stdout.splitlines()
    assert len(lines) == 3 + 4
    assert all(len(line) < 200 for line in lines)


def test_front_answers_with_what_fits(finished) -> None:
    everything = json.loads(invoke("front", finished, "--json").stdout)
    limit = sorted(row["memory_bytes"] for row in everything)[0]
    small = json.loads(invoke("front", finished, "--json", "--max-memory", f"{limit / 1000}kB").stdout)
    assert [row["memory_bytes"] for row in small] == [limit]
    nothing = invoke("front", finished, "--json", "--max-latency", "1us")
    assert json.loads(nothing.stdout) == []
    assert "No completed trial fits." in nothing.stderr
    exercise = json.loads(invoke("front", finished, "--json", "--strategy", "DS-CNN").stdout)
    assert {row["strategy"] for row in exercise} <= {"baseline", "DS-CNN"}


@pytest.mark.parametrize(
    "arguments, code, part",
    [
        (["front", "RUN", "--max-memory", "much"], 2, "'much'"),
        (["front", "RUN", "--min-accuracy", "90"], 2, "90"),
        (["front", "RUN", "--confident", ""], 2, "confident: got ''"),
        (["front", "RUN", "--confident", "often"], 2, "confident: got 'often', expected a share from 0 to 1"),
        (["front", "RUN", "--strategy", "prunning"], 2, "Did you mean 'pruning'?"),
        (["front", "nowhere"], 1, "nowhere: holds no run"),
        (["answers", "nowhere"], 1, "nowhere: holds no run"),
        (["report", "nowhere"], 1, "nowhere: holds no run"),
        (["resume", "nowhere"], 1, "nowhere: holds no run"),
        (["measure", "nowhere"], 1, "nowhere: holds no run"),
        (["trials"], 2, "Missing argument 'RUN'"),
        (["space", "lab44"], 2, "Did you mean 'lab4'?"),
        (["run", "lab44"], 2, "Did you mean 'lab4'?"),
        (["run", "lab4", "--epochs", "0"], 2, "0"),
        (["run", "lab4", "--data", "nowhere"], 1, "nowhere: is not a folder"),
        (["run", "lab4", "--data", ""], 1, "data: got an empty name"),
        (["resume", "RUN", "--data", "nowhere"], 1, "nowhere: is not a folder"),
        (["data", "check", "nowhere"], 1, "nowhere: is not a folder"),
        (["runs"], 2, "No such command 'runs'"),
    ],
)
def test_a_fault_is_one_sentence_and_an_exit_code(
    finished, tmp_path, monkeypatch, arguments: list[str], code: int, part: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(*[str(finished) if a == "RUN" else a for a in arguments])
    assert result.exit_code == code
    assert part in result.stderr
    assert result.stdout == ""
    assert len([line for line in result.stderr.splitlines() if line.startswith("Error")]) == 1


def test_space_shows_shapes_parameters_and_macs() -> None:
    rows = json.loads(invoke("space", "lab4", "--json").stdout)
    assert len(rows) == 22
    assert rows[0]["input_shape"] == [49, 40, 1]
    assert rows[0]["macs"] == 135_006_208
    assert len(invoke("space", "lab4").stdout.splitlines()) == 24


def test_report_has_plots_a_table_and_a_page(finished, tmp_path) -> None:
    page = invoke("report", finished, "--to", tmp_path / "report").stdout.strip()
    text = (tmp_path / "report" / "report.md").read_text()
    assert page.endswith("report.md")
    for name in ("DS-CNN", "pruning"):
        assert name in text
    assert len(list((tmp_path / "report").glob("*.png"))) == len(list((tmp_path / "report").glob("*.svg"))) >= 5
    assert (tmp_path / "report" / "results.csv").read_text().count("\n") == 5


@pytest.mark.parametrize("arguments", [["--help"], *[[name, "RUN"] for name in LIGHT]], ids=["help", *LIGHT])
def test_light_commands_load_nothing_heavy(finished, arguments: list[str]) -> None:
    script = (
        "import sys\nfrom kwssearch.cli.commands import main\n"
        "try:\n main(sys.argv[1:])\nexcept SystemExit:\n pass\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, *[str(finished) if a == "RUN" else a for a in arguments]]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stderr.split()
    assert "kwssearch.cli" in loaded
    assert not set(loaded) & {*HEAVY, *SLOW}


def test_run_again_does_nothing_more(finished, words, cache, tmp_path) -> None:
    before = {path: path.read_bytes() for path in finished.rglob("*.json")}
    again = shell.kwssearch("resume", finished, cache=cache)
    assert again.returncode == 0, again.stderr
    assert "4 done already, 0 to run" in again.stderr
    assert again.stdout == ""
    assert {path: path.read_bytes() for path in finished.rglob("*.json")} == before


def test_a_run_of_another_search_is_refused(finished, words, cache, tmp_path) -> None:
    space = tiny.write_space(tmp_path / "tiny.toml", epochs=3)
    refused = shell.kwssearch("run", space, "--data", words, "--out", finished, cache=cache)
    assert refused.returncode == 1
    assert "recipe.epochs was 2 and is 3" in refused.stderr


def test_a_run_goes_on_where_its_data_set_is_now(finished, words, cache, tmp_path) -> None:
    run = shutil.copytree(finished, tmp_path / "far" / "away" / "run")
    there = shutil.copytree(words, tmp_path / "words here")
    (run / "place.json").unlink()
    lost = shell.kwssearch("resume", run, cache=cache)
    assert lost.returncode == 1
    assert "its data set is no longer at" in lost.stderr and "--data says which" in lost.stderr
    (run / "trial_1" / "result.json").unlink()
    found = shell.kwssearch("resume", run, "--data", there, cache=cache)
    assert found.returncode == 0, found.stderr
    assert "3 done already, 1 to run" in found.stderr
    again = shell.kwssearch("measure", run, "--budget", 0, cache=cache)
    assert again.returncode == 0, again.stderr


def test_one_trial_is_told_word_by_word(finished) -> None:
    details = json.loads(invoke("trials", finished, "--trial", "2", "--json").stdout)
    assert details["trial_id"] == "2"
    assert [word["word"] for word in details["words"]] == ["no", "yes"]
    assert "recall" in invoke("trials", finished, "--trial", "2").stdout
    assert invoke("trials", finished, "--trial", "2", "--csv").stdout.count("\n") == 2


def test_json_and_csv_at_once_are_refused(finished) -> None:
    refused = CliRunner().invoke(main, ["trials", str(finished), "--json", "--csv"])
    assert refused.exit_code == 2
    assert "got both" in refused.stderr


def test_the_nearest_misses_are_shown_and_bytes_are_questioned(finished) -> None:
    shown = invoke("front", finished, "--max-memory", "100")
    assert shown.stdout == ""
    assert "did you mean kB?" in shown.stderr
    assert shown.stderr.count("misses it by: memory") == 3


def test_a_full_standard_output_is_one_sentence(finished) -> None:
    command = [sys.executable, "-m", "kwssearch", "trials", str(finished), "--csv"]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr == "Error: standard output cannot be written (No space left on device); make room there.\n"


@pytest.mark.parametrize(
    "typed, offered",
    [
        (["run"], "lab4"),
        (["run", "lab4", "--data"], "builtin"),
        (["space"], "quickstart"),
        (["front", "RUN", "--strategy"], "pruning"),
        (["front", "RUN", "--device"], "pico"),
    ],
)
def test_the_shell_is_offered_names(finished, typed: list[str], offered: str) -> None:
    arguments = [str(finished) if word == "RUN" else word for word in typed]
    completion = BashComplete(main, {}, "kwssearch", "_KWSSEARCH_COMPLETE")
    assert offered in [item.value for item in completion.get_completions(arguments, offered[0])]


def test_the_quickstart_compares_every_strategy_and_answers_the_fourth_question() -> None:
    run = recorded.build("quickstart")
    found = answers(run)
    assert len(run.trials) == 9
    assert not [gap for gap in found.gaps if "not compared" in gap]
    assert {effect.strategy for effect in found.effects} == {s.name for s in run.space.strategies} - {"baseline"}
    assert found.recommendations


def test_a_folder_is_looked_at_before_data_are_fetched(finished, tmp_path) -> None:
    """msc would take minutes, and is refused here for the network."""
    space = tiny.write_space(tmp_path / "tiny.toml", epochs=9)
    for out, part in ((finished, "recipe.epochs was 2 and is 9"), (space, "is a file, expected")):
        told = invoke("run", space, "--data", "msc", "--out", out)
        assert told.exit_code == 1
        assert part in told.stderr
        assert "msc" not in told.stderr


@pytest.mark.parametrize("key, meant", [("frame_step_ms", "overlap"), ("n_mels", "mel_bins"), ("fmin", "lower_hz")])
def test_a_key_of_another_tool_is_known(tmp_path, key: str, meant: str) -> None:
    space = tiny.write_space(tmp_path / "tiny.toml")
    space.write_text(space.read_text().replace("coefficients = 10", f"coefficients = 10\n{key} = 20"))
    assert f"Did you mean '{meant}'?" in invoke("space", space).stderr


def test_a_missing_key_is_called_missing(tmp_path) -> None:
    space = tiny.write_space(tmp_path / "tiny.toml")
    space.write_text(space.read_text().replace("coefficients = 10", ""))
    assert "coefficients: is missing, expected a whole number" in invoke("space", space).stderr


def test_a_home_folder_is_meant_also_where_the_shell_leaves_it(finished, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "runs").symlink_to(finished.parent)
    assert invoke("front", "~/runs/run", "--json").exit_code == 0
    refused = invoke("front", "~nobody-of-this-name/run")
    assert refused.exit_code == 2
    assert "there is no such home folder" in refused.stderr
