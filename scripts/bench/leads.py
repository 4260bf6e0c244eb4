"""Files of leads as a French office exports them: Windows-1252, `;`, headers in French. Numbers of fiction only."""

# Ranges without subscribers: ARCEP decision 2018-0881 as written in France, Ofcom's for drama, and 555-01xx of the
# North American area codes.
FRENCH = [f"{block}{n:04}" for block in ("019900", "026191", "035301", "046571", "053649", "063998") for n in range(10_000)]
BRITISH = [f"+44 7700 900{n:03}" for n in range(1000)]
AMERICAN = [f"+1 {hundreds}{area:02} 555 01{n:02}" for hundreds in range(2, 10)
            for area in (*range(1, 11), *range(12, 20)) for n in range(100)]

HEADER = "Civilité;Nom;Prénom;Société;Téléphone;Code postal;Ville;Courriel;Remarque"
# One row in this many has something else than a number in its place.
BAD_EVERY = 50
BAD = ("", "à rappeler", "12", "01 99 00", "=HYPERLINK(1)", "3,3199E+10")


def office_file(rows):
    """A file of so many rows. Numbers come again after the last: such rows bring earlier ones up to date."""
    numbers = FRENCH + BRITISH + AMERICAN
    lines = [HEADER]
    for row in range(rows):
        number = BAD[row // BAD_EVERY % len(BAD)] if row % BAD_EVERY == 0 else numbers[row % len(numbers)]
        lines.append(f"Mme;Nom {row};Zoë;Société Générée n° {row};{number};00{row % 1000:03};Ville-Fictive;"
                     f"personne{row}@example.com;Préfère être appelée l’après-midi, coût < 50 €")
    return ("\r\n".join(lines) + "\r\n").encode("windows-1252")


def plain_file(numbers):
    """A file of these numbers and hardly anything else."""
    lines = ["Nom;Téléphone"] + [f"Nom {row};{number}" for row, number in enumerate(numbers)]
    return ("\r\n".join(lines) + "\r\n").encode("windows-1252")
