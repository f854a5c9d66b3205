import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from support.spaces import MINI

from kwssearch.analysis.answers import answers
from kwssearch.analysis.binomial import wilson
from kwssearch.analysis.pareto import plain_front
from kwssearch.report import answer_lines
from kwssearch.report.rows import columns, front_rows, trial_rows
from kwssearch.runs import load
from kwssearch.space import BASELINE, Limits, QuantityError, objectives_named
from kwssearch.testing import recorded as synthetic_run

ACCURACY, MEMORY, LATENCY = range(3)
BY_MEMORY = objectives_named()[MEMORY]


def figures_of(accuracy=0.9, memory=1_000_000, model_ms=1.0):
    """Truth that changes with the strategy: each argument is a value, or {strategy's axis: value}."""

    def pick(choice, values):
        changes = {"ds_cnn": values["architecture"] == "ds_cnn", "width": values["width_multiplier"] < 1}
        changes["pruned"] = values["final_sparsity"] > 0
        changed = next((name for name, differs in changes.items() if differs), "baseline")
        return choice.get(changed, choice["baseline"]) if isinstance(choice, dict) else choice

    return lambda v: synthetic_run.Figures(pick(accuracy, v), pick(memory, v), 0.1, pick(model_ms, v))


CLEAR = figures_of(
    accuracy={"baseline": 0.90, "ds_cnn": 0.90, "width": 0.75, "pruned": 0.82},
    memory={"baseline": 1_000_000, "ds_cnn": 500_000, "width": 250_000, "pruned": 120_000},
    model_ms={"baseline": 1.0, "ds_cnn": 0.6, "width": 0.3},
)


CLEAR_MEMORY = {"baseline": 1_000_000, "ds_cnn": 500_000, "width": 250_000, "pruned": 120_000}


def test_clear_differences_are_told_and_right():
    found = answers(synthetic_run.build("lab4", figures=CLEAR))
    assert [v.best for v in found.verdicts] == [("DS-CNN",), ("pruning",), ("width multiplier",)]
    assert all(v.told_apart for v in found.verdicts)
    assert "DS-CNN keeps accuracy best" in found.verdicts[ACCURACY].sentence
    assert "width multiplier reduces latency most" in found.verdicts[LATENCY].sentence
    assert "cannot be told apart" not in " ".join(v.sentence for v in found.verdicts)


def test_a_sure_order_that_decides_nothing_is_called_so():
    memory = {"baseline": 1_000_000, "ds_cnn": 500_000, "width": 250_000, "pruned": 245_000}
    near = answers(synthetic_run.build("lab4", figures=figures_of(memory=memory))).verdicts[MEMORY]
    assert near.best == ("pruning",)
    assert "width multiplier is only 2.0 % behind, too little to choose by" in near.sentence
    far = answers(synthetic_run.build("lab4", figures=CLEAR)).verdicts
    assert not any("too little" in v.sentence for v in far)


def test_no_difference_is_hardly_ever_told():
    runs = 60
    told = np.zeros(3, dtype=int)
    for seed in range(runs):
        found = answers(synthetic_run.build(MINI, figures=synthetic_run.flat_figures, seed=seed))
        told += [v.told_apart for v in found.verdicts]
        assert found.verdicts[MEMORY].told_apart is False
    assert all(told <= binom.ppf(0.999, runs, 0.05)), told


def test_what_cannot_be_told_apart_says_so_and_what_it_would_take():
    found = answers(synthetic_run.build(MINI, figures=synthetic_run.flat_figures, seed=1, executions=2))
    sentence = found.verdicts[ACCURACY].sentence
    assert "cannot be told apart with this data" in sentence
    assert "to be detected" in sentence
    assert "1,063" in sentence


def test_strategies_are_compared_at_equal_savings():
    """DS-CNN halves memory; the width multiplier passes that between two of its levels, pruning saves no latency."""
    accuracy = {"baseline": 0.92, "ds_cnn": 0.90, "width": 0.85, "pruned": 0.90}
    model_ms = {"baseline": 1.0, "width": 0.4, "ds_cnn": 0.6}
    found = answers(synthetic_run.build("lab4", figures=figures_of(accuracy, CLEAR_MEMORY, model_ms)))
    memory, latency = (verdict.to_dict()["equal_savings"] for verdict in found.verdicts[1:])
    assert memory["ratio"] == pytest.approx(0.5)
    assert set(memory["accuracy_points"]) == {"DS-CNN", "width multiplier", "pruning"}
    halfway = np.log(0.5) / np.log(0.25)
    assert memory["accuracy_points"]["width multiplier"]["value"] == pytest.approx(-7 * halfway, abs=1.5)
    assert latency["save_nothing"] == ["pruning"]
    assert "At equal savings, 0.50 times the memory" in found.verdicts[MEMORY].sentence
    assert found.verdicts[ACCURACY].to_dict()["equal_savings"] is None


def test_the_best_single_level_is_named_and_means_are_called_means():
    found = answers(synthetic_run.build("lab4"))
    assert found.verdicts[MEMORY].to_dict()["best_level"] == "width multiplier, α 0.25"
    for verdict in found.verdicts:
        assert verdict.sentence.startswith("On average over the declared levels")
        assert "The best single level is" in verdict.sentence


def test_effects_cover_the_truth_and_levels_average_to_the_mean():
    found = answers(synthetic_run.build("lab4", seed=3))
    means = {e.strategy: e for e in found.effects if e.level is None}
    for strategy, whole in means.items():
        levels = [e for e in found.effects if e.strategy == strategy and e.level]
        assert whole.accuracy.value == pytest.approx(np.mean([e.accuracy.value for e in levels]))
        logs = [np.log(e.change(BY_MEMORY).value) for e in levels]
        assert whole.change(BY_MEMORY).value == pytest.approx(np.exp(np.mean(logs)))
    assert means["DS-CNN"].change(BY_MEMORY).value == pytest.approx(553 / 1163, rel=0.01)
    assert means["pruning"].latency.value == pytest.approx(1, abs=0.02)
    assert [e.level for e in found.effects if e.strategy == "width multiplier"] == [None, "α 0.25", "α 0.5", "α 0.75"]


def test_pairs_have_the_same_features():
    for effect in answers(synthetic_run.build("full")).effects:
        for pair in effect.pairs:
            assert pair.baseline.strategy == BASELINE
            assert pair.baseline.values["features"] == pair.trial.values["features"]


@pytest.mark.parametrize(
    "model_ms, expected",
    [
        (1.0, "does not make dense kernels faster"),
        ({"baseline": 1.0, "pruned": 0.5}, "look for another cause of the gain"),
        ({"baseline": 1.0, "pruned": 1.5}, "which is slower"),
    ],
)
def test_pruning_and_latency_are_told_with_the_measured_ratio(model_ms, expected):
    sentence = answers(synthetic_run.build("lab4", figures=figures_of(model_ms=model_ms))).pruning_sentence
    assert expected in sentence
    assert "times" in sentence


def test_recommendations_keep_their_budget_and_save_more_with_more():
    run = synthetic_run.build("full", seed=4)
    found = answers(run, max_accuracy_drop=3)
    assert {r.budget for r in found.recommendations} == {0, 1, 2, 3, 5}
    assert {r.features for r in found.recommendations} == {"log_mel", "mfcc", None}
    for group in ("log_mel", "mfcc", None):
        own = [r for r in found.recommendations if r.features == group]
        costs = [r.chosen.cost for r in own]
        assert costs == sorted(costs, reverse=True)
        for r in own:
            assert r.chosen.drop <= r.budget + 1e-6
            assert r.sure.is_baseline or r.sure.confidence(r.budget) >= 0.95
    assert len(found.fourth) == 3
    anything = [r.chosen.trial for r in found.recommendations if r.features is None]
    assert all(on for trial, on in zip(run.completed, plain_front(run.completed), strict=True) if trial in anything)
    assert any(r.chosen.trial.strategy == "combination" for r in found.recommendations)
    assert all(step.end.budget > step.start.budget for step in found.steps)


def test_the_recommendation_is_of_any_features_and_tells_its_doubt():
    found = answers(synthetic_run.build("full", seed=4), max_accuracy_drop=3)
    (chosen,) = [r for r in found.recommendations if r.budget == 3 and r.features is None]
    first, doubt, *more = found.advice
    assert first.startswith(f"Take trial {chosen.chosen.trial.trial_id} (")
    assert f"{100 * chosen.chosen.confidence(3):.0f} % sure to lose at most 3 points." in doubt
    assert bool(more) is (chosen.sure.trial is not chosen.chosen.trial)
    assert all(f"trial {chosen.sure.trial.trial_id} (" in line for line in more)
    assert any("trained once" in sentence for sentence in found.doubts)
    assert set(found.doubts) <= set(found.notes)


def test_in_brief_what_is_close_or_saves_nothing_is_called_so():
    memory = {"baseline": 1_000_000, "ds_cnn": 500_000, "width": 250_000, "pruned": 245_000}
    model_ms = {"baseline": 1.0, "ds_cnn": 0.6, "width": 0.3}
    found = answers(synthetic_run.build("lab4", figures=figures_of(memory=memory, model_ms=model_ms)))
    _, by_memory, by_latency, _ = (" ".join(lines) for _, lines in found.brief)
    assert by_memory.startswith("pruning (×0.24) and width multiplier (×0.25), too close to choose by; then DS-CNN")
    assert by_latency.startswith("width multiplier (×0.36); then DS-CNN (×0.63); pruning saves none.")


def test_rows_that_repeat_another_are_left_out():
    found = answers(synthetic_run.build("lab4"))
    rows = [(r.features, r.trial_ids) for r in found.distinct]
    assert len(rows) == len(set(rows)) < len(found.recommendations)
    assert all(step.start.chosen.trial is not step.end.chosen.trial for step in found.distinct_steps)


def test_the_baseline_stays_where_everything_else_loses():
    worse = figures_of(accuracy={"baseline": 0.95, "ds_cnn": 0.6, "width": 0.6, "pruned": 0.6})
    found = answers(synthetic_run.build("lab4", figures=worse), max_accuracy_drop=5)
    assert all(r.chosen.is_baseline and r.sure.is_baseline for r in found.recommendations)
    assert all("stay with the baseline" in sentence or "the same as" in sentence for sentence in found.fourth)
    assert all("buys nothing" in step.sentence for step in found.steps)
    assert found.distinct_steps == []
    assert found.advice[0].startswith("Stay with the baseline, trial ")


def test_failed_and_missing_trials_are_named():
    failed = {"04": "NaN loss\nin epoch 3", "01": "out of memory"}
    run = synthetic_run.build("lab4", failed=failed, waiting=("10", "11"))
    text = "\n".join(answers(run).gaps)
    assert "Trial 04 (width multiplier: log_mel cnn α 0.25) failed: NaN loss in epoch 3" in text
    assert "no completed baseline with features mfcc" in text
    assert "2 of 22 trials are not done and not counted: 10, 11." in text


def test_a_strategy_without_completed_trials_is_named():
    run = synthetic_run.build("lab4", failed={"02": "why", "03": "why"})
    found = answers(run)
    assert "Strategy DS-CNN has no completed trial with a baseline: it is not compared." in found.gaps
    assert {e.strategy for e in found.effects} == {"width multiplier", "pruning"}


ALL = tuple(f"{i:02d}" for i in range(22))


@pytest.mark.parametrize(
    "options",
    [
        {"waiting": ALL},
        {"waiting": ALL[1:]},
        {"waiting": ALL[3:]},
        {"waiting": ("00", "01")},
        {"failed": dict.fromkeys(ALL, "broken")},
        {"rounds": None},
        {"rounds": 1},
        {"executions": 3},
        {"clips": 8, "speakers": 8},
    ],
    ids=["nothing", "one", "one pair", "no baseline", "all failed", "provisional", "one round", "seeds", "tiny"],
)
def test_every_state_of_a_run_is_answered(options):
    run = synthetic_run.build("lab4", **options)
    found = answers(run)
    json.dumps(found.to_dict(), allow_nan=False)
    assert len(found.to_dict()["questions"]) == 4
    for details in (False, True):
        assert all(line.isprintable() for line in answer_lines(found, details=details))
    rows = trial_rows(run)
    json.dumps(rows, allow_nan=False)
    assert len(rows) == 22
    assert all(tuple(row) == columns() for row in rows)


def test_provisional_latency_and_single_seeds_are_said():
    found = answers(synthetic_run.build("lab4", rounds=None))
    assert "provisional" in found.verdicts[LATENCY].sentence
    assert not found.verdicts[LATENCY].told_apart
    assert found.verdicts[MEMORY].told_apart
    assert any("trained once" in note for note in found.notes)
    assert found.to_dict()["effects"][0]["latency_ratio"]["low"] is None


def test_names_of_the_users_own_space():
    name = "<b>*nar|row*</b> [31m"
    space = {
        **MINI,
        "strategy": [{"name": name, "width_multiplier": [0.5]}],
        "features": {"8k `x`": {"kind": "log_mel"}},
    }
    found = answers(synthetic_run.build(space))
    assert found.verdicts[ACCURACY].best == (name,)
    assert "Only one strategy can be compared" in found.verdicts[ACCURACY].sentence
    assert not any("\x1b" in line for details in (False, True) for line in answer_lines(found, details=details))


@pytest.mark.parametrize("drop", [-1, float("nan"), 101])
def test_an_impossible_budget_is_refused(drop):
    with pytest.raises(QuantityError, match="expected points from 0 to 100"):
        answers(synthetic_run.build(MINI), drop)


def test_rows_of_a_written_run_are_those_of_the_run(tmp_path):
    run = synthetic_run.write(tmp_path, space="lab4", executions=2, failed={"05": "out of memory"}, waiting=("06",))
    read = load(tmp_path)
    assert read.warnings == ()
    rows = trial_rows(read)
    assert [(r["trial_id"], r["accuracy"], r["status"]) for r in rows] == [
        (r["trial_id"], r["accuracy"], r["status"]) for r in trial_rows(run)
    ]
    by_id = {row["trial_id"]: row for row in rows}
    assert by_id["05"]["reason"] == "out of memory"
    assert by_id["06"]["accuracy"] is None
    done = by_id["00"]
    assert done["accuracy_low"] < done["accuracy"] < done["accuracy_high"]
    assert done["latency_low"] < done["latency_ms"] < done["latency_high"]
    assert done["latency_ratio"] == 1
    assert (done["executions"], done["latency_provisional"]) == (2, False)


def test_one_execution_shows_wilsons_interval():
    run = synthetic_run.build(MINI)
    row = trial_rows(run)[0]
    assert (row["accuracy_low"], row["accuracy_high"]) == wilson(row["accuracy"] * 1063, 1063)


def test_several_executions_are_no_surer_than_their_clips():
    run = synthetic_run.build(MINI, clips=20, speakers=20, executions=3)
    for trial in run.trials:
        for execution in trial.executions:
            execution.record.update(predictions=run.labels, accuracy=1.0)
    row = trial_rows(run)[0]
    assert row["accuracy_low"] <= wilson(20, 20)[0]
    assert row["accuracy_high"] == 1


def test_front_rows_fit_and_are_sure():
    run = synthetic_run.build("lab4")
    everything = front_rows(run)
    assert [r["memory_bytes"] for r in everything] == sorted(r["memory_bytes"] for r in everything)
    small = front_rows(run, Limits(max_memory=150_000, min_accuracy=0.5, max_latency=1))
    assert small
    assert all(r["memory_bytes"] <= 150_000 and r["latency_ms"] <= 1 for r in small)
    sure = front_rows(run, confident=0.9)
    assert 0 < len(sure) < len(everything)
    assert all(r["front_share"] >= 0.9 for r in sure)
    assert {r["strategy"] for r in front_rows(run, strategy="pruning")} <= {"pruning", "baseline"}
    assert front_rows(run, Limits(min_accuracy=1.0)) == []


@pytest.mark.parametrize("options, expected", [
    ({"strategy": "prunning"}, "Did you mean 'pruning'"),
    ({"confident": 90.0}, "expected a share from 0 to 1"),
])  # fmt: skip
def test_front_rows_refuse(options, expected):
    with pytest.raises(QuantityError, match=expected):
        front_rows(synthetic_run.build("lab4"), **options)


def test_tables_and_answers_load_nothing_heavy(tmp_path):
    synthetic_run.write(tmp_path, space="lab4", clips=100, speakers=50)
    code = (
        "import sys; from kwssearch.analysis import answers; from kwssearch.runs import load; "
        "from kwssearch.report import answer_lines, front_rows, trial_rows; run = load(sys.argv[1]); "
        "trial_rows(run); front_rows(run); answer_lines(answers(run)); "
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'scipy', 'pandas', 'matplotlib', 'seaborn', 'tensorflow', 'keras', 'ai_edge_litert'}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_search_that_skipped_its_baselines_is_held_against_its_most_accurate_model():
    whole = synthetic_run.build("lab4", figures=CLEAR)
    run = replace(whole, trials=tuple(trial for trial in whole.trials if trial.strategy != BASELINE))
    found = answers(run, 20.0)
    assert found.verdicts[ACCURACY].ranking is None
    chosen = found.at_budget[-1].chosen
    reference = chosen.effect.pairs[0].baseline
    assert reference.accuracy == max(trial.accuracy for trial in run.completed)
    assert chosen.cost == min(choice.cost for choice in (r.chosen for r in found.recommendations))
    (line,) = found.brief[-1][1]
    assert f"against trial {reference.trial_id}, the most accurate: trial {chosen.trial.trial_id}" in line
    assert "the most accurate model's" in found.fourth[-1] and "the baseline" not in found.fourth[-1]


def test_front_ends_without_a_baseline_are_held_against_the_most_accurate_one():
    whole = synthetic_run.build("lab4", figures=CLEAR)
    kept = [t for t in whole.trials if not (t.strategy == BASELINE and t.values["features"] == "mfcc")]
    found = answers(replace(whole, trials=tuple(kept)), 20.0)
    assert [r.features for r in found.at_budget] == ["log_mel", None]
    assert found.at_budget[-1].chosen.effect.pairs[0].baseline.values["features"] == "log_mel"
