import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwssearch.space import QuantityError, quantities


@pytest.mark.parametrize(
    "parse, text, value",
    [
        (quantities.parse_share, "0.9", 0.9),
        (quantities.parse_share, " 90 % ", 0.9),
        (quantities.parse_share, "1", 1),
        (quantities.parse_bytes, "100kB", 100_000),
        (quantities.parse_bytes, "100KB", 100_000),
        (quantities.parse_bytes, "1 MiB", 1_048_576),
        (quantities.parse_bytes, "512", 512),
        (quantities.parse_bytes, "1.5e3 B", 1500),
        (quantities.parse_milliseconds, "2ms", 2),
        (quantities.parse_milliseconds, "2", 2),
        (quantities.parse_milliseconds, "500 µs", 0.5),
        (quantities.parse_milliseconds, ".1s", 100),
    ],
)
def test_quantities(parse, text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    "parse, text",
    [
        (quantities.parse_share, "90"),
        (quantities.parse_share, "-0.1"),
        (quantities.parse_share, "nan"),
        (quantities.parse_share, "good"),
        (quantities.parse_bytes, "100 ms"),
        (quantities.parse_bytes, "-1kB"),
        (quantities.parse_bytes, "kB"),
        (quantities.parse_bytes, ""),
        (quantities.parse_bytes, "1e999"),
        (quantities.parse_bytes, "1,000"),
        (quantities.parse_milliseconds, "2kB"),
        (quantities.parse_milliseconds, "inf"),
        (quantities.parse_milliseconds, "٣ms"),
    ],
)
def test_quantities_refused_with_received_and_expected(parse, text):
    with pytest.raises(QuantityError, match=r"got .*, expected .*, such as \d") as fault:
        parse(text)
    assert fault.value.exit_code == 2


@given(st.text(max_size=30))
def test_any_text_is_a_quantity_or_refused(text):
    for parse in (quantities.parse_share, quantities.parse_bytes, quantities.parse_milliseconds):
        try:
            assert 0 <= parse(text) < float("inf")
        except QuantityError as fault:
            assert "\n" not in str(fault)


@given(st.integers(0, 99_999))
def test_percents_are_the_share_that_they_are_written_for(number):
    digits = f"{number:05d}"
    assert quantities.parse_share(f"{digits[:2]}.{digits[2:]}%") == float(f"0.{digits}")
