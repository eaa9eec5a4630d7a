import time

import pytest
from django.test import RequestFactory

from salesos.api.errors import PreconditionFailed, ValidationFailed
from salesos.api.etags import etag_of, refuse_stale


def asking(if_match: str | None):
    headers = {} if if_match is None else {"if-match": if_match}
    return RequestFactory().patch("/v1/leads/1", headers=headers)


@pytest.mark.parametrize("if_match", [None, "*", " * ", '"v3"', '"v2", "v3"', '"a,b" ,, "v3"', 'W/"v3", "v3"'])
def test_a_write_that_asks_for_the_present_state_or_none_goes_on(if_match):
    refuse_stale(asking(if_match), 3)


@pytest.mark.parametrize("if_match", ['"v2"', 'W/"v3"', '"V3"', '""', '"v3.0"', '"v2", W/"v3"', '"é"'])
def test_a_write_that_asks_for_another_state_is_refused(if_match):
    with pytest.raises(PreconditionFailed) as refused:
        refuse_stale(asking(if_match), 3)
    assert (refused.value.status, refused.value.code) == (412, "PRECONDITION_FAILED")


@pytest.mark.parametrize("if_match", ["", "v3", "'v3'", '"v3', 'w/"v3"', '"v3" or "v4"', "*, *", ",", '"v3", *'])
def test_what_is_no_list_of_tags_is_refused_by_name(if_match):
    with pytest.raises(ValidationFailed) as refused:
        refuse_stale(asking(if_match), 3)
    assert [row["field"] for row in refused.value.details] == ["If-Match"]


def test_a_tag_is_strong_and_names_the_version():
    assert (etag_of(1), etag_of(2**40)) == ('"v1"', '"v1099511627776"')


@pytest.mark.parametrize("sign", [" ", ",", '"', ' ,"', '"a" ,'])
def test_a_long_header_is_read_in_no_time(sign):
    started = time.perf_counter()
    with pytest.raises((ValidationFailed, PreconditionFailed)):
        refuse_stale(asking((sign * 8000)[:8000] + "!"), 3)
    assert time.perf_counter() - started < 0.5
