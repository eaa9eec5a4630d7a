"""Who may buy from the demo company, and what became of it."""

from dataclasses import dataclass

SOURCES = ("portal", "website", "referral", "instagram", "open house", "cold call")
REGIONS = ("Moema", "Pinheiros", "Itaim Bibi", "Vila Mariana", "Morumbi", "Berrini", "Alphaville")


@dataclass(frozen=True, slots=True)
class Client:
    """A lead of the demo: its status, or the deal that it became."""

    name: str
    company: str
    position: str
    domain: str
    phone: str
    status: str = "new"
    tags: tuple[str, ...] = ()
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Bargain:
    """A deal of the demo. `ago` is how many days ago it came to its stage, `due` in how many it is expected."""

    client: int
    name: str
    value: int
    stage: str
    ago: int
    due: int | None = None
    reason: str = ""
    this_month: bool = False


CLIENTS = (
    # Those who became deals: named by their place in the list.
    Client("Roberto Azevedo", "Azevedo & Filhos", "Sócio", "azevedofilhos.com.br", "+55 11 98120-4471"),
    Client("Carolina Prado", "Clínica Prado", "Diretora", "clinicaprado.com.br", "+55 11 97345-2208", tags=("vip",)),
    Client("Michael Turner", "Turner Logistics", "Head of Real Estate", "turnerlogistics.com", "+1 312 555 0148"),
    Client("Sofia Lindqvist", "Nordhem Design AB", "Founder", "nordhem.se", "+46 8 5592 0147"),
    Client("Antônio Vasconcelos", "", "", "gmail.com", "+55 11 99812-7735", tags=("first home",)),
    Client("Yuki Tanaka", "Tanaka Trading", "Country Manager", "tanaka-trading.jp", "+81 3 5550 0182"),
    Client("Patrícia Menezes", "Menezes Advogados", "Sócia", "menezesadv.com.br", "+55 11 96540-1192"),
    Client("Luís Ferraz", "Padaria Nova Aurora", "Proprietário", "novaaurora.com.br", "+55 11 98874-3306"),
    Client("Eleanor Whitfield", "Whitfield Partners", "Managing Partner", "whitfield.co.uk", "+44 20 7946 0321"),
    Client("Cecília Moura", "", "", "outlook.com", "+55 11 99431-6650", tags=("investor",)),
    Client("Marcos Queiroz", "Queiroz Engenharia", "Diretor", "queirozeng.com.br", "+55 11 97720-8814", tags=("vip",)),
    Client("Isabelle Fournier", "Maison Fournier", "CEO", "maisonfournier.fr", "+33 1 5550 4412"),
    Client("Rodrigo Sampaio", "Sampaio Tech", "COO", "sampaiotech.com.br", "+55 11 98233-5907"),
    Client("Débora Antunes", "", "", "gmail.com", "+55 11 99167-2043", tags=("first home",)),
    Client("Stefan Kramer", "Kramer Maschinenbau", "Einkaufsleiter", "kramer-mb.de", "+49 89 5550 1733"),
    Client("Vanessa Coutinho", "Studio Coutinho", "Arquiteta", "studiocoutinho.com.br", "+55 11 97688-3415"),
    Client("Alejandro Ruiz", "Grupo Ruiz", "Director", "gruporuiz.mx", "+52 55 5550 2296"),
    Client("Tatiana Brandão", "Escola Girassol", "Diretora", "escolagirassol.com.br", "+55 11 98902-4468"),
    Client("Fábio Tavares", "", "", "hotmail.com", "+55 11 99540-7712", tags=("investor", "vip")),
    Client("Grace Okafor", "Okafor Consulting", "Director", "okaforconsulting.com", "+234 1 555 0162"),
    Client("Leonardo Guimarães", "Guimarães Café", "Sócio", "guimaraescafe.com.br", "+55 11 97214-9983"),
    Client("Hannah Schwartz", "Schwartz Media", "Office Manager", "schwartzmedia.com", "+1 646 555 0177"),
    Client("Renato Bittencourt", "Bitt Academia", "Proprietário", "bittacademia.com.br", "+55 11 98467-1120"),
    Client("Mônica Esteves", "", "", "gmail.com", "+55 11 99378-5521", tags=("downsizing",)),
    Client("Paulo Siqueira", "Siqueira Transportes", "Gerente", "siqueiratransportes.com.br", "+55 11 97903-6647"),
    # Those who may yet.
    Client("Aline Rezende", "Rezende Odontologia", "Dentista", "rezendeodonto.com.br", "+55 11 98331-7094",
        "qualified"),
    Client("Charles Bennett", "Bennett Foods", "VP Operations", "bennettfoods.com", "+1 415 555 0133", "qualified"),
    Client("Gustavo Peixoto", "", "", "gmail.com", "+55 11 99620-3387", "qualified", ("first home",)),
    Client("Ingrid Solberg", "Fjord Energy", "Regional Lead", "fjordenergy.no", "+47 21 55 01 29", "qualified"),
    Client("Simone Paiva", "Paiva Moda", "Sócia", "paivamoda.com.br", "+55 11 97155-8026", "qualified", ("vip",)),
    Client("Edson Marques", "Marques Auto Peças", "Gerente", "marquesautopecas.com.br", "+55 11 98749-2210",
        "qualified"),
    Client("Olivia Park", "Hanbit Games", "HR Director", "hanbitgames.kr", "+82 2 5550 1846", "qualified"),
    Client("Rogério Falcão", "", "", "uol.com.br", "+55 11 99284-6619", "qualified", ("investor",)),
    Client("Bianca Torres", "Torres Eventos", "Produtora", "torreseventos.com.br", "+55 11 97561-4438", "contacted"),
    Client("David Cohen", "Cohen Diamonds", "Owner", "cohendiamonds.com", "+972 3 555 0194", "contacted"),
    Client("Priscila Nogueira", "", "", "gmail.com", "+55 11 99077-8853", "contacted", ("downsizing",)),
    Client("Henrique Bastos", "Bastos Contabilidade", "Contador", "bastoscontabil.com.br",
        "+55 11 98616-3075", "contacted"),
    Client("Emma Dubois", "Atelier Dubois", "Founder", "atelierdubois.be", "+32 2 555 01 68", "contacted"),
    Client("Otávio Lacerda", "Lacerda Vinhos", "Sócio", "lacerdavinhos.com.br", "+55 11 97837-1946", "contacted"),
    Client("Sandra Ventura", "", "", "yahoo.com.br", "+55 11 99746-5082", "contacted", ("first home",)),
    Client("Noah Jensen", "Jensen Shipping", "Procurement", "jensenshipping.dk", "+45 33 55 01 42", "contacted"),
    Client("Cristiane Amaral", "Amaral Pet", "Veterinária", "amaralpet.com.br", "+55 11 98195-6637", "contacted"),
    Client("Wagner Teles", "Teles Segurança", "Diretor", "telesseguranca.com.br", "+55 11 97462-3318", "contacted"),
    Client("Júlia Bernardes", "", "", "gmail.com", "+55 11 99515-4426"),
    Client("Peter van Dijk", "Van Dijk Flowers", "Export Manager", "vandijkflowers.nl", "+31 20 555 0173"),
    Client("Elaine Monteiro", "Monteiro Papelaria", "Proprietária", "monteiropapelaria.com.br", "+55 11 98058-7719"),
    Client("Samuel Adeyemi", "Lagos Fintech", "Expansion Lead", "lagosfintech.ng", "+234 1 555 0185"),
    Client("Viviane Castilho", "", "", "outlook.com", "+55 11 99833-2260", tags=("investor",)),
    Client("Douglas Medeiros", "Medeiros Gráfica", "Sócio", "medeirosgrafica.com.br", "+55 11 97309-5584"),
    Client("Laura Giménez", "Textil Giménez", "Gerente", "textilgimenez.com.ar", "+54 11 5550 2718"),
    Client("Fernando Seixas", "", "", "gmail.com", "+55 11 99612-8841", tags=("first home",)),
    Client("Kavita Rao", "Rao Analytics", "Office Lead", "raoanalytics.in", "+91 22 5550 1937"),
    Client("Nelson Cavalcanti", "Cavalcanti Imports", "Diretor", "cavalcantiimports.com.br", "+55 11 98527-0063"),
    Client("Thaís Figueiredo", "", "", "gmail.com", "+55 11 99240-1175", tags=("downsizing",)),
    # Twice the same person, as portals send them.
    Client("Roberto Azevedo", "Azevedo & Filhos", "", "azevedofilhos.com.br",
        "+55 11 98120-4471", mailbox="roberto.azevedo+portal"),
    Client("George Papadakis", "Aegean Foods", "Buyer", "aegeanfoods.gr", "+30 21 0555 0156", "unqualified"),
    Client("Milena Sobral", "", "", "gmail.com", "+55 11 99721-4490", "unqualified"),
    Client("Wilson Chaves", "Chaves Reformas", "Mestre de obras", "chavesreformas.com.br",
        "+55 11 97016-8832", "unqualified"),
    Client("Anna Kowalska", "Kowalska Studio", "Owner", "kowalska.pl", "+48 22 555 01 47", "unqualified"),
    Client("Josué Lins", "", "", "bol.com.br", "+55 11 99468-3307", "unqualified"),
)  # fmt: skip

BARGAINS = (
    Bargain(0, "Warehouse in Osasco", 1_850_000, "New", 2, 45),
    Bargain(1, "Clinic at Av. Ibirapuera", 2_400_000, "New", 4, 60),
    Bargain(2, "Depot near Viracopos", 5_200_000, "New", 1, 75),
    Bargain(3, "Showroom, Rua Oscar Freire", 1_320_000, "New", 6, 30),
    Bargain(4, "Apto Moema, 2 bedrooms", 890_000, "New", 3),
    Bargain(5, "Office, 12th floor, Berrini", 1_640_000, "Qualified", 5, 21),
    Bargain(6, "Two floors, Av. Paulista", 3_750_000, "Qualified", 8, 38),
    Bargain(7, "Corner shop, Vila Mariana", 720_000, "Qualified", 12, -4),
    Bargain(8, "Penthouse Itaim Bibi", 4_100_000, "Qualified", 2, 52),
    Bargain(9, "Three studios, Consolação", 1_095_000, "Proposal", 9, 12),
    Bargain(10, "Headquarters in Alphaville", 7_900_000, "Proposal", 6, 28),
    Bargain(11, "Boutique, Jardins", 1_480_000, "Proposal", 15, -9),
    Bargain(12, "Office, Vila Olímpia", 2_150_000, "Proposal", 3, 17),
    Bargain(13, "Apto Vila Mariana, balcony", 765_000, "Negotiation", 4, 6),
    Bargain(14, "Hall with crane, Guarulhos", 6_300_000, "Negotiation", 7, 14),
    Bargain(15, "Loft Pinheiros", 1_210_000, "Negotiation", 11, -2),
    Bargain(16, "Office floor, Faria Lima", 4_650_000, "Won", 2, 0, "Price and parking", this_month=True),
    Bargain(17, "School building, Saúde", 3_280_000, "Won", 5, 3, "Financing came through", this_month=True),
    Bargain(18, "Cobertura Pinheiros", 2_960_000, "Won", 8, 1, "Second visit decided it", this_month=True),
    Bargain(19, "Serviced offices, Berrini", 980_000, "Won", 12, 5, this_month=True),
    Bargain(20, "Café at Largo da Batata", 690_000, "Won", 36, -30, "Location"),
    Bargain(21, "Studio for recordings, Lapa", 1_150_000, "Won", 41, -38),
    Bargain(22, "Gym in Santo Amaro", 1_420_000, "Lost", 3, 9, "Bought from a competitor", this_month=True),
    Bargain(23, "Apto Perdizes", 810_000, "Lost", 10, 0, "Bank refused the loan", this_month=True),
    Bargain(24, "Truck yard, Barueri", 2_700_000, "Lost", 33, -20, "Budget cut"),
)
