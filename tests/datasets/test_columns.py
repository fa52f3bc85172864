"""Names and types of attribute columns."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.columns import clean_names, fields, store, unfit_text
from spatial.layer import OURS


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Height", "Height"),
        ("用地代码", "用地代码"),
        ("面积（㎡）", "面积_m2"),
        ("２０２０年", "_2020年"),
        ("a b-c", "a_b_c"),
        ("  ", "field_1"),
        ("geom", "geom_"),
        ("FID", "FID_"),
        ("valid", "valid_"),
        ("xmin", "xmin_"),
        ('"; DROP TABLE assets; --', "DROP_TABLE_assets"),
        ("字" * 30, "字" * 21),
    ],
)
def test_names_are_cleaned(title, name):
    assert clean_names([title]) == [name]


def test_names_are_unique_whatever_the_case():
    assert clean_names(["Name", "NAME", "name", "字" * 22, "字" * 23]) == [
        "Name",
        "NAME_2",
        "name_3",
        "字" * 21,
        "字" * 20 + "_2",
    ]


@given(st.lists(st.text(max_size=40), max_size=8))
def test_names_always_suit_postgresql(titles):
    names = clean_names(titles)
    assert len({name.lower() for name in names}) == len(titles)
    assert all(0 < len(name.encode()) <= 63 for name in names)
    assert not {name.lower() for name in names} & OURS


@pytest.mark.parametrize(
    ("source", "values", "stored", "expected"),
    [
        (pa.int8(), [1, None], pa.int32(), [1, None]),
        (pa.uint32(), [2**32 - 1], pa.int64(), [2**32 - 1]),
        (pa.uint64(), [2**64 - 1], pa.string(), ["18446744073709551615"]),
        (pa.float32(), [0.5], pa.float64(), [0.5]),
        (pa.decimal128(9, 2), [Decimal("1.25")], pa.float64(), [1.25]),
        (pa.large_string(), ["市"], pa.string(), ["市"]),
        (pa.dictionary(pa.int8(), pa.string()), ["a", "a"], pa.string(), ["a", "a"]),
        (pa.binary(), [b"\x01\xff", None], pa.string(), ["01ff", None]),
        (pa.time32("s"), [dt.time(8, 30)], pa.string(), ["08:30:00"]),
        (pa.date64(), [dt.date(2020, 1, 2)], pa.date32(), [dt.date(2020, 1, 2)]),
        (pa.list_(pa.int32()), [[1, 2], None], pa.string(), ["[1, 2]", None]),
        (pa.struct({"a": pa.string()}), [{"a": "市"}], pa.string(), ['{"a": "市"}']),
        (
            pa.timestamp("ms"),
            [dt.datetime(2020, 1, 2, 8)],
            pa.timestamp("us", "UTC"),
            [dt.datetime(2020, 1, 2, 0, tzinfo=dt.UTC)],
        ),
        (
            pa.timestamp("ns", "UTC"),
            [dt.datetime(2020, 1, 2, 8, tzinfo=dt.UTC)],
            pa.timestamp("us", "UTC"),
            [dt.datetime(2020, 1, 2, 8, tzinfo=dt.UTC)],
        ),
    ],
)
def test_types_are_stored_without_loss(source, values, stored, expected):
    (field,) = fields([pa.field("a", source)])
    assert field.type == stored
    column = store(pa.array(values, source), field, ZoneInfo("Asia/Shanghai"))
    assert column.type == stored
    assert column.to_pylist() == expected


def test_text_that_postgresql_refuses_is_named():
    raw = pa.array([b"ok", b"\xc3\x28", None, b"a\0b"], pa.binary())
    column = pa.Array.from_buffers(pa.string(), 4, raw.buffers())
    reasons = unfit_text({"n": column, "clean": pa.array(["a"] * 4)}, 4)
    assert reasons.tolist() == [
        None,
        "the text in 'n' is not UTF-8: name its encoding with --encoding",
        None,
        "the text in 'n' holds a zero byte",
    ]
    assert np.array_equal(unfit_text({}, 2), [None, None])
