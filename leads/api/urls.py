from leads.api.deals import DealsView, DealView, StagesView
from leads.api.leads import ConvertLeadView, LeadsView, LeadView
from salesos.api.routes import endpoint

urlpatterns = [
    *endpoint("v1/leads", LeadsView, "leads"),
    *endpoint("v1/leads/<str:id>", LeadView, "lead"),
    *endpoint("v1/leads/<str:id>/convert", ConvertLeadView, "convert-lead"),
    *endpoint("v1/deals", DealsView, "deals"),
    *endpoint("v1/deals/<str:id>", DealView, "deal"),
    *endpoint("v1/stages", StagesView, "stages"),
]
