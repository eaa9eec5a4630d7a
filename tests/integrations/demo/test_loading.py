"""Loading the demo where something is in its way."""

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from missions.consistency import differences
from missions.models import Adjustment
from salesos.models import ApiKey, RequestLog, Tenant, User
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def load(*arguments, out=None):
    call_command("load_demo", *arguments, stdout=out or io.StringIO())


class Pulled(io.StringIO):
    """A terminal that is closed when a certain line would be printed."""

    def __init__(self, last_words):
        super().__init__()
        self.last_words = last_words

    def write(self, text):
        if self.last_words in text:
            raise KeyboardInterrupt
        return super().write(text)


@pytest.mark.parametrize("last_words", ["users, an API key", "activities of", "adjustments"])
def test_a_load_that_is_broken_off_leaves_nothing_and_the_next_one_is_whole(globex, tmp_path, last_words):
    with pytest.raises(KeyboardInterrupt):
        load("--days", "2", out=Pulled(last_words))
    assert list(Tenant.objects.values_list("slug", flat=True)) == ["globex", "globex-sandbox"]
    assert User.objects.count() == 0
    password = json.loads((tmp_path / "demo.json").read_text())["password"]

    load("--days", "2")

    assert json.loads((tmp_path / "demo.json").read_text())["password"] == password
    assert User.objects.get(email="admin@demo.example").check_password(password)
    with tenant_context(Tenant.objects.get(slug="demo")):
        assert differences() == []
        assert Adjustment.objects.count() == 3
        assert RequestLog.objects.count() == 10


def test_somebody_elses_tenant_called_demo_is_left_alone(acme, globex):
    theirs = create_tenant("Demo")
    with pytest.raises(CommandError, match=r"The tenant “demo” is not the demo; the demo needs this slug."):
        load()
    with tenant_context(theirs):
        assert (ApiKey.objects.count(), RequestLog.objects.count()) == (0, 0)
    assert User.objects.count() == 0


@pytest.mark.parametrize("days", ["1", "366", "x"])
def test_the_days_to_load_are_bounded(acme, globex, days):
    with pytest.raises(CommandError, match="expected a whole number from 2 to 365"):
        load("--days", days)
    assert Tenant.objects.count() == 4
