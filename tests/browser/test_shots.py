import os, random
from datetime import timedelta, datetime, UTC
import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7
from missions.mapping import set_mapping
from missions.models import Mission
from missions.adjustments import adjust
from missions.recording import SentActivity, record_activities
from salesos.keys import issue_key
from salesos.models import *
from salesos.roles import Role
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant
from tests.factories import MembershipFactory, PASSWORD, UserFactory
pytestmark = pytest.mark.django_db(transaction=True)

def fill(t):
    random.seed(4)
    now = timezone.now()
    with tenant_context(t):
        teams=[Team.objects.create(name=n) for n in ("Equipe Vendas SP","Equipe Vendas RJ")]
        names="Maria Santos,Joao Silva,Ana Oliveira,Bruno Costa,Carla Dias,Diego Souza,Elisa Rocha,Felipe Lima,Gabriela Alves,Heitor Gomes,Isabela Ramos,Julio Prado".split(",")
        ps=[Collaborator.objects.create(name=n,email=n.split()[0].lower()+"@imob.com.br",external_id=f"emp-{101+i}",team=teams[i%2],role="vendedor") for i,n in enumerate(names)]
        ms=[Mission.objects.create(name=n,icon="call") for n in ("Ligações Realizadas","Reuniões Agendadas","Propostas Enviadas","Visitas","Contratos Assinados")]
        for i,m in enumerate(ms): set_mapping("default",f"{i+1:03d}",mission=m,points=[5,20,50,30,500][i],label="Ligação" if i==0 else "")
        acts=[]
        for k in range(600):
            at=now-timedelta(minutes=random.randint(0,60*24*40))
            acts.append(SentActivity(random.choice(["001"]*6+["002","003","004","005","010","011"]),f"crm-evt-{k}",random.choice(ps+ps[:3]).email if k%40 else "fulano@imob.com.br",at,'{"client": "Acme Corp", "duration_min": 12, "notes": {"a": [1,2]}}',at,uuid7()))
        record_activities("default",acts)
        adjust(ps[1],points=-15,reason="Ligação duplicada no CRM",by=User.objects.first(),at=now)
        k=issue_key(t,name="CRM produção",scopes=["default:sync"],allowlist=["203.0.113.0/24"]).key
        k2=issue_key(t,name="Old CRM",scopes=[]).key
        for i in range(40):
            st,code=random.choice([(200,""),(200,""),(200,""),(400,"VALIDATION_ERROR"),(429,"RATE_LIMITED"),(500,"INTERNAL_ERROR")])
            RequestLog.objects.create(id=uuid7(),at=now,tenant=t,api_key=k,address="203.0.113.7",user_agent="crm/1.0",method="POST",path="/functions/v1/default-integration",action="sync_activities",status=st,error_code=code,duration_ms=12.3,bytes_in=1234,counts={"processed":3,"skipped":1,"duplicates":0} if st==200 else None)
        RequestLog.objects.every_tenant(reason="x").create(id=uuid7(),at=now,method="POST",path="/functions/v1/default-integration",status=401,error_code="UNAUTHORIZED",duration_ms=1,bytes_in=0,address="198.51.100.9")

def test_shots(browser, live_server):
    t=create_tenant("Imobiliária Horizonte",time_zone="America/Sao_Paulo",slug="horizonte")
    create_tenant("Globex")
    u=UserFactory(email="staff@x.example",is_platform_staff=True,name="Paula Admin"); MembershipFactory(user=u,tenant=t,role=Role.ADMIN)
    fill(t)
    from salesos.models import ApiKey
    with tenant_context(t):
        from missions.models import Activity
        key=ApiKey.objects.first(); act=Activity.objects.first(); ps=Collaborator.objects.first(); ms=Mission.objects.first(); rl=RequestLog.objects.first()
    pages={"overview":"","configure":"missions/configure/","apply":"missions/configure/apply/","missions":"missions/mission/","mission":f"missions/mission/{ms.pk}/change/","activities":"missions/activity/","activity":f"missions/activity/{act.pk}/change/","board":"missions/leaderboard/","teams":"missions/leaderboard/?by=teams&period=custom","unmatched":"missions/unmatched/","unmatched_of":"missions/unmatched/person/?email=fulano@imob.com.br","adjustments":"missions/adjustment/","adj_add":"missions/adjustment/add/","people":"salesos/collaborator/","person":f"salesos/collaborator/{ps.pk}/change/","keys":"salesos/apikey/","key":f"salesos/apikey/{key.pk}/change/","key_new":"salesos/apikey/add/","rotate":f"salesos/apikey/{key.pk}/rotate/","log":"salesos/requestlog/","log_row":f"salesos/requestlog/{rl.pk}/change/","settings":"settings/tenant/","members":"salesos/membership/","member_add":"salesos/membership/add/","tenants":"salesos/tenant/","users":"salesos/user/","user":f"salesos/user/{u.pk}/change/","unrec":"platform/unrecognised-requests/"}
    only=os.environ.get("ONLY"); 
    if only: pages={k:v for k,v in pages.items() if k in only.split(",")}
    for width,scheme in ((1440,"light"),(1440,"dark"),(390,"light"),(390,"dark")):
        if os.environ.get("MODES") and f"{width}{scheme}" not in os.environ["MODES"]: continue
        c=browser.new_context(viewport={"width":width,"height":900},color_scheme=scheme,locale="en")
        p=c.new_page()
        p.on("console",lambda m: print("CONSOLE",p.url,m.type,m.text))
        p.on("pageerror",lambda m: print("ERR",p.url,m))
        p.on("request",lambda r: None if r.url.startswith(live_server.url) or r.url.startswith("data:") else print("EXT",r.url))
        p.goto(live_server.url+"/")
        if width==1440: p.screenshot(path=f"/tmp/shots/login-{width}-{scheme}.png")
        p.fill("[name=username]","staff@x.example"); p.fill("[name=password]",PASSWORD); p.click("button[type=submit]")
        for name,path in pages.items():
            p.goto(live_server.url+"/dashboard/"+path); p.wait_for_timeout(150)
            p.screenshot(path=f"/tmp/shots/{name}-{width}-{scheme}.png",full_page=True)
        if not only:
            p.goto(live_server.url+"/dashboard/salesos/apikey/add/"); p.fill("[name=name]","CRM"); p.check("[name=kind][value=test]"); p.click("text=Create key"); p.screenshot(path=f"/tmp/shots/token-{width}-{scheme}.png")
            p.goto(live_server.url+"/dashboard/")
            if width==1440:
                p.click("text=unfold_more >> nth=0"); p.wait_for_timeout(300); p.screenshot(path=f"/tmp/shots/switch-{width}-{scheme}.png")
                p.click(".switcher button >> nth=1") if p.locator(".switcher button >> nth=1").inner_text().find("Sandbox")>=0 else p.click(".switcher button:has-text('Sandbox') >> nth=1"); p.wait_for_timeout(200); p.screenshot(path=f"/tmp/shots/sandbox-{width}-{scheme}.png")
        c.close()
