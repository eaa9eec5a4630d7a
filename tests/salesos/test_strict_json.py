"""What is JSON to the letter and can be stored, and what is refused with the place named."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesos.api.errors import ValidationFailed
from salesos.api.strict_json import MOST_VALUES, MOST_WALKED, is_finite, json_text, parse


def refused(body: bytes) -> dict:
    with pytest.raises(ValidationFailed) as caught:
        parse(body)
    assert caught.value.message == "Invalid JSON"
    (row,) = caught.value.details
    assert list(row) == ["field", "message"]
    return row


NOT_JSON = {
    "nothing": b"",
    "spaces": b"   ",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "Latin-1": b'{"a": "S\xe3o Paulo"}',
    "an overlong slash": b'"\xc0\xaf"',
    "a surrogate in bytes": b'"\xed\xa0\x80"',
    "a half": b'{"a": ',
    "two": b"{} {}",
    "single quotes": b"{'a': 1}",
    "a trailing comma": b'{"a": 1,}',
    "a comment": b"{} // x",
    "a form": b"action=sync_activities",
    "a leading zero": b"01",
    "a plus": b"+1",
    "a hex number": b"0x10",
    "True": b"True",
    "a raw NUL": b'"a\x00b"',
    "a raw newline": b'"a\nb"',
    "a NUL at the end": b"{}\x00",
    "a bare word": b"undefined",
    "absurd nesting": b"[" * 100_000 + b"]" * 100_000,
    "absurd nesting of objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nesting without an end": b"[" * 1_000_000,
    "an endless integer": b"9" * 200_000,
    "an endless integer inside": b'{"a": ' + b"9" * 5000 + b"}",
    "an unpaired escape": b'"\\ud83d\\u0041"',
    "a broken escape": b'"\\u12"',
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json_is_refused(body):
    assert refused(body)["message"]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (b'{"a": NaN}', "a", "Numbers must be finite"),
        (b'{"a": [1, {"b": -Infinity}]}', "a[1].b", "Numbers must be finite"),
        (b"NaN", "body", "Numbers must be finite"),
        (b'{"a": {"b": "x\\u0000"}}', "a.b", "Text must not contain NUL characters (\\u0000)"),
        (b'{"a": [0, "\\u0000"]}', "a[1]", "Text must not contain NUL characters (\\u0000)"),
        (b'{"a\\u0000": 1}', "a\\u0000", "Text must not contain NUL characters (\\u0000)"),
        (b'"\\u0000"', "body", "Text must not contain NUL characters (\\u0000)"),
        (b'{"a": ["\\ud800"]}', "a[0]", "Text must not contain lone surrogates"),
        (b'{"\\udfff": 1}', "\\udfff", "Text must not contain lone surrogates"),
    ],
)
def test_what_can_not_be_stored_is_refused_with_its_place(body, field, message):
    assert refused(body) == {"field": field, "message": message}


@pytest.mark.parametrize("depth", [1, 50, 99, 100, 101, 150, 195])
def test_a_nul_is_found_however_deep_it_lies(depth):
    assert "NUL" in refused(b"[" * depth + b'"\\u0000"' + b"]" * depth)["message"]


@pytest.mark.parametrize("depth", [1, 50, 99, 100, 101, 150, 195])
def test_an_infinite_number_is_found_however_deep_it_lies(depth):
    assert not is_finite(parse(b"[" * depth + b"-1e999" + b"]" * depth))


def test_an_infinite_number_is_found_under_an_empty_name():
    assert not is_finite(parse(b'{"": 1e999}'))


def test_the_words_for_what_is_no_number_are_only_text():
    value = {"NaN": ["Infinity", "-Infinity", 1.5], "a": {}}
    assert is_finite(value)
    assert json.loads(json_text(value)) == value


@pytest.mark.parametrize(
    "body",
    [b"[" + b"1," * MOST_VALUES + b"1]", b"[" + b"{}," * MOST_VALUES + b"NaN]", b"[" * 2 * MOST_VALUES],
)
def test_more_values_than_memory_should_hold_are_refused_unread(body):
    assert refused(body) == {"field": "body", "message": "More than 1000000 values"}


def test_many_values_are_read():
    assert parse(b"[" + b"1," * (MOST_VALUES - 1) + b"1]") == [1] * MOST_VALUES


def test_a_fault_behind_very_many_values_is_refused_without_its_path():
    assert refused(b"[" + b"1," * (MOST_WALKED - 2) + b"NaN]")["field"] == f"[{MOST_WALKED - 2}]"
    assert refused(b"[" + b"1," * MOST_WALKED + b"NaN]")["field"] == "body"
    nul = refused(b"[" + b"1," * MOST_WALKED + b'"\\u0000"]')
    assert nul == {"field": "body", "message": "Text must not contain NUL characters (\\u0000)"}


def test_a_backslash_before_u0000_is_only_text():
    assert parse(b'"\\\\u0000"') == "\\u0000"
    assert "NUL" in refused(b'"\\\\\\u0000"')["message"]


@pytest.mark.parametrize("digits", [1, 19, 20, 30, 400, 4300])
def test_integers_are_kept_exactly(digits):
    assert parse(b"9" * digits) == 10**digits - 1


def test_the_last_of_two_equal_names_counts():
    assert parse(b'{"a": 1, "a": 2}') == {"a": 2}


leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
values = st.recursive(leaves | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


@given(values, st.booleans())
def test_every_value_that_json_has_is_read_as_it_was_written(value, ensure_ascii):
    assert parse(json.dumps(value, ensure_ascii=ensure_ascii).encode()) == value


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(body):
    with suppress(ValidationFailed):
        parse(body)
