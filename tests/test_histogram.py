"""Our counting against the reference implementation of HdrHistogram."""

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from harness import histogram

VALUES = st.lists(st.integers(0, histogram.HIGHEST_NS), min_size=1, max_size=300)


def reference(values):
    recorded = HdrHistogram(1, histogram.HIGHEST_NS, histogram.DIGITS)
    for value in values:
        assert recorded.record_value(value)
    return recorded


@given(VALUES)
def test_every_value_is_counted_in_the_bucket_that_hdrhistogram_gives_it(values):
    ours = histogram.counts_of(np.array(values, dtype=np.int64))
    assert ours.tolist() == np.ctypeslib.as_array(reference(values).counts).tolist()


@given(VALUES, st.integers(1, 1000))
def test_quantiles_are_those_of_hdrhistogram(values, permille):
    ours = histogram.quantile_ns(histogram.counts_of(np.array(values, dtype=np.int64)), permille / 10 / 100)
    assert ours == reference(values).get_value_at_percentile(permille / 10)


@given(VALUES)
def test_a_quantile_is_within_a_thousandth_of_the_exact_one(values):
    ours = histogram.quantile_ns(histogram.counts_of(np.array(values, dtype=np.int64)), 1.0)
    assert max(values) <= ours <= max(values) * 1.001 + 1


@given(VALUES)
def test_the_encoded_form_is_read_by_hdrhistogram_and_by_us(values):
    counts = histogram.counts_of(np.array(values, dtype=np.int64))
    text = histogram.encode(counts)
    assert HdrHistogram.decode(text).get_total_count() == len(values)
    assert histogram.decode(text).tolist() == counts.tolist()


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_merging_parts_equals_counting_all_at_once(parts):
    everything = np.array([value for part in parts for value in part], dtype=np.int64)
    sparse = [histogram.count(histogram.buckets(np.array(part, dtype=np.int64))) for part in parts]
    indices, counts = histogram.merge(sparse)
    assert histogram.dense([(indices, counts)]).tolist() == histogram.counts_of(everything).tolist()


def test_values_out_of_range_are_clamped_and_not_lost():
    counts = histogram.counts_of(np.array([-5, histogram.HIGHEST_NS * 3], dtype=np.int64))
    assert counts.sum() == 2
    assert counts[0] == 1


@pytest.mark.parametrize("text", ["", "not base64!", "SElTVA==", "HISTFAAAAAA="])
def test_text_that_is_no_histogram_is_refused(text):
    with pytest.raises(ValueError, match="HDR histogram"):
        histogram.decode(text)


def test_an_empty_histogram_has_no_latency():
    assert histogram.latency(histogram.empty()) is None


@pytest.mark.parametrize(("samples", "known"), [(199, ["p50_ms"]), (200, ["p50_ms", "p95_ms"])])
def test_a_quantile_needs_ten_samples_beyond_it(samples, known):
    found = histogram.latency(histogram.counts_of(np.arange(1, samples + 1) * 1_000_000))
    assert [name for name in ("p50_ms", "p95_ms", "p99_ms", "p999_ms") if getattr(found, name) is not None] == known


def test_p99_needs_a_thousand_samples_and_p999_ten_thousand():
    for samples, p99, p999 in ((999, False, False), (1000, True, False), (9999, True, False), (10000, True, True)):
        found = histogram.latency(histogram.counts_of(np.full(samples, 1_000_000)))
        assert (found.p99_ms is not None, found.p999_ms is not None) == (p99, p999)
