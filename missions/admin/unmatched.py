"""Activities whose e-mail nobody active has, grouped by it: replay, point to a person, register, discard."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from missions.lookalikes import Lookalike, lookalikes
from missions.recording import Recorded
from missions.unmatched import discard, replay, replay_as, unmatched_people, waiting
from salesos import audit
from salesos.admin.acting import DashboardRequest
from salesos.admin.base import TenantForm
from salesos.admin.people_picker import people_like
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.errors import Refused
from salesos.merging import add_alias, receiving
from salesos.models import Collaborator, Team
from salesos.models.user import normal_email
from salesos.roles import EVERYONE, MANAGERS

MOST_ROWS = 300
MOST_SAMPLES = 10
LONGEST_SEARCH = 255


class PointToForm(forms.Form):
    """Whose the activities are, by the e-mail of the person that was chosen."""

    person = forms.EmailField(
        widget=UnfoldAdminEmailInputWidget, error_messages={"required": _("Choose a person first.")}
    )
    remember = forms.BooleanField(required=False)

    def clean_person(self) -> Collaborator:
        person = Collaborator.objects.active().filter(email=normal_email(self.cleaned_data["person"])).first()
        if person is None:
            raise ValidationError(_("No active collaborator has this e-mail address."))
        return person


class RegisterForm(TenantForm):
    """A new collaborator with the address of what was kept."""

    # Declared: a field made from the model would ask for the teams when this module is imported, outside any tenant.
    team: "forms.ModelChoiceField[Team]" = forms.ModelChoiceField(
        label=_("Team"), queryset=None, required=False, widget=UnfoldAdminSelectWidget
    )

    class Meta:
        model = Collaborator
        fields = ("name", "email")
        widgets = {"name": UnfoldAdminTextInputWidget, "email": forms.HiddenInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Team]", self.fields["team"]).queryset = Team.objects.all()


class Unmatched(Screen):
    name = "unmatched"
    title = _("Unmatched")
    template_name = "missions/unmatched.html"
    may_view = EVERYONE

    def get(self, request: DashboardRequest) -> HttpResponse:
        query = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
        people = unmatched_people(limit=MOST_ROWS + 1, containing=query)
        may_change = UnmatchedOf.is_open_to(request, posting=True)
        return self.page(
            people=people[:MOST_ROWS], has_more=len(people) > MOST_ROWS, may_change=may_change, query=query
        )


class UnmatchedOf(Screen):
    """What is kept for one e-mail address, and what can be done with it."""

    name = "unmatched_of"
    title = _("Unmatched")
    template_name = "missions/unmatched_of.html"
    may_view, may_post = EVERYONE, MANAGERS

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.email = normal_email(request.GET.get("email", ""))

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self._show(PointToForm(), self._blank())

    def post(self, request: DashboardRequest) -> HttpResponse:
        doing: dict[str, Callable[[], HttpResponse]] = {
            "replay": self._replay,
            "point": self._point,
            "register": self._register,
            "discard": self._discard,
        }
        if request.POST.get("do") not in doing:
            raise Http404
        try:
            return doing[request.POST["do"]]()
        except Refused as refused:
            messages.error(request, str(refused))
            return self._here()

    def _replay(self) -> HttpResponse:
        return self._done(replay(self.email, by=self.request.user))

    def _point(self) -> HttpResponse:
        form = PointToForm(self.request.POST)
        if not form.is_valid():
            return self._show(form, self._blank())
        person = form.cleaned_data["person"]
        if not form.cleaned_data["remember"]:
            return self._done(replay_as(self.email, person, by=self.request.user))
        if not waiting().filter(email=self.email).exists():
            raise Http404
        add_alias(person, email=self.email, by=self.request.user, at=timezone.now())
        return self._done(replay(self.email, by=self.request.user))

    def _register(self) -> HttpResponse:
        sent: QueryDict = self.request.POST.copy()
        sent["email"] = self.email
        form = RegisterForm(sent)
        with transaction.atomic():
            if not form.is_valid():
                for error in form.errors.get("email", ()):
                    form.add_error(None, error)
                return self._show(PointToForm(), form)
            form.instance.team = form.cleaned_data["team"]
            person = form.save()
            audit.record("collaborator.created", person, changes={"email": ("", person.email)})
        return self._done(replay(self.email, by=self.request.user))

    def _discard(self) -> HttpResponse:
        if "confirmed" not in self.request.POST:
            count = waiting().filter(email=self.email).count()
            return self.page(template_name="missions/unmatched_discard.html", email=self.email, count=count)
        count = discard(self.email, by=self.request.user)
        messages.success(self.request, ngettext("%d activity discarded.", "%d activities discarded.", count) % count)
        return self.back("unmatched")

    def _done(self, recorded: Recorded) -> HttpResponse:
        messages.success(
            self.request,
            _("%(recorded)d activities recorded, %(duplicates)d were there already.")
            % {"recorded": recorded.processed, "duplicates": recorded.duplicates},
        )
        return self.back("unmatched")

    def _blank(self) -> RegisterForm:
        return RegisterForm(initial={"email": self.email})

    def _show(self, point: PointToForm, register: RegisterForm) -> HttpResponse:
        kept = waiting().filter(email=self.email)
        count = kept.count()
        if not count:
            raise Http404
        is_registered = receiving().filter(email=self.email).exists()
        query = self.request.GET.get("q", "")[:LONGEST_SEARCH]
        return self.page(
            email=self.email,
            count=count,
            samples=kept.order_by("-pk")[:MOST_SAMPLES],
            is_registered=is_registered,
            holder=None if is_registered else Collaborator.objects.filter(email=self.email).first(),
            point=point,
            register=register,
            query=query,
            found=[] if is_registered else self._found(query),
            hidden=[("email", self.email)],
        )

    def _found(self, query: str) -> list[Lookalike]:
        """Whom one may choose: who was searched for, or else who comes near."""
        if not query.strip():
            return lookalikes(self.email)
        return [Lookalike(person, "") for person in people_like(query) if person.is_active]

    def _here(self) -> HttpResponse:
        if not waiting().filter(email=self.email).exists():
            return self.back("unmatched")
        query = QueryDict(mutable=True)
        query["email"] = self.email
        answer = self.back()
        answer["Location"] = f"{reverse('admin:unmatched_of')}?{query.urlencode()}"
        return answer


site.add_screen("missions/unmatched/", Unmatched)
site.add_screen("missions/unmatched/person/", UnmatchedOf)
