"""Names of leads and how common they are: weights among a thousand, the empty name is the tail's share."""

DAYS = 1000
"""The leads are spread evenly over so many days."""

FIRST_NAMES = {
    "Maria": 62, "José": 40, "Ana": 38, "João": 36, "Antônio": 22, "Francisco": 18, "Carlos": 18, "Paulo": 17,
    "Pedro": 16, "Lucas": 16, "Luiz": 16, "Marcos": 14, "Luís": 13, "Gabriel": 13, "Rafael": 12, "Francisca": 11,
    "Daniel": 11, "Marcelo": 11, "Bruno": 11, "Eduardo": 11, "Felipe": 10, "Antônia": 10, "Adriana": 10,
    "Juliana": 10, "Márcia": 10, "Fernanda": 10, "Patrícia": 10, "Aline": 9, "Sandra": 9, "Camila": 9, "Amanda": 9,
    "Bruna": 9, "Jéssica": 9, "Letícia": 9, "Júlia": 9, "Luciana": 9, "Vanessa": 8, "Mariana": 8, "Gabriela": 8,
    "Vera": 8, "Vitória": 8, "Larissa": 8, "Cláudia": 8, "Beatriz": 8, "Rita": 7, "Luana": 7, "Sônia": 7,
    "Renata": 7, "Eliane": 7, "Raimundo": 7, "Sebastião": 7, "Rodrigo": 7, "Mateus": 7, "André": 7, "Fernando": 7,
    "Fábio": 6, "Leonardo": 6, "Gustavo": 6, "Guilherme": 6, "Leandro": 6, "Tiago": 6, "Ânderson": 6, "Ricardo": 6,
    "Márcio": 6, "Jorge": 6, "Alexandre": 6, "Roberto": 6, "Edson": 5, "Diego": 5, "Vítor": 5, "Sérgio": 5,
    "Cláudio": 5, "Mateusa": 1, "Silvana": 4, "Sílvia": 4, "Silvio": 3, "Simone": 4, "Tatiane": 4, "Conceição": 3,
    "": 128,
}  # fmt: skip

SURNAMES = {
    "Silva": 65, "Santos": 47, "Oliveira": 37, "Souza": 30, "Rodrigues": 24, "Ferreira": 23, "Alves": 22,
    "Pereira": 22, "Lima": 20, "Gomes": 18, "Costa": 17, "Ribeiro": 16, "Martins": 15, "Carvalho": 14, "Almeida": 13,
    "Lopes": 12, "Soares": 11, "Fernandes": 11, "Vieira": 11, "Barbosa": 10, "Rocha": 10, "Dias": 10, "Nascimento": 9,
    "Andrade": 9, "Moreira": 9, "Nunes": 8, "Marques": 8, "Machado": 8, "Mendes": 8, "Freitas": 7, "Cardoso": 7,
    "Ramos": 7, "Gonçalves": 7, "Santana": 7, "Teixeira": 7, "Araújo": 7, "Cavalcanti": 4, "Moura": 5, "Campos": 5,
    "Correia": 5, "Batista": 5, "Melo": 5, "Monteiro": 5, "Pinto": 5, "Reis": 5, "Castro": 5, "Azevedo": 4,
    "Cunha": 4, "Miranda": 4, "Nogueira": 4, "Silveira": 4, "Siqueira": 3, "Sampaio": 3, "Bezerra": 3, "Guimarães": 3,
    "Sá": 2, "Brandão": 2, "Conceição": 2, "Magalhães": 2, "Schneider": 1, "Tanaka": 1,
    "": 290,
}  # fmt: skip

_BEGINNINGS = "Al Ba Be Bo Bra Ca Cor Da De Dru Fa Fe Fon Ga Go Gra Ho In Ja Ju Ka La Le Ma Me Mo Na Ne Or Pa Per Ra"
_MIDDLES = "ba ca da le lo ma mi na no ra ri ro sa si ta te ti va ve zo"
_ENDS = "es ini lli nto ra rdo ri sco ssi to"
TAIL = [
    first + second + third for first in _BEGINNINGS.split() for second in _MIDDLES.split() for third in _ENDS.split()
]
"""6,400 names of which each is rare."""

COMPANY_WORDS = [
    "Alimentos", "Comércio", "Construções", "Consultoria", "Distribuidora", "Energia", "Engenharia", "Indústria",
    "Informática", "Logística", "Móveis", "Saúde", "Serviços", "Sistemas", "Tecnologia", "Transportes", "Turismo",
]  # fmt: skip
