//! What each column of a file holds, guessed from its header in French or English and from its cells.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::consent::{self, ConsentPart};
use super::phone::{self, Region};

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Column {
    /// A part of a consent that the person gave the seller of the list's campaign.
    Consent {
        /// Which part.
        part: ConsentPart,
    },
    /// Something that the lead keeps under this name, such as `last_name`.
    Field {
        /// Lower-case letters, digits and `_`.
        name: String,
    },
    /// Nothing of use.
    Ignore,
    /// A telephone number. Several such columns are alternates, the first preferred.
    Phone,
    /// The lead's time zone, as an IANA name.
    Zone,
}

/// Headers as people write them, without accents, and the name of the field. Everything else keeps its own name.
const FIELD_HEADERS: &[(&str, &[&str])] = &[
    ("address", &["adresse", "address", "rue", "street", "adresse 1", "address 1", "voie"]),
    ("city", &["ville", "city", "commune", "localite", "town"]),
    (
        "company",
        &[
            "raison sociale",
            "societe",
            "entreprise",
            "company",
            "company name",
            "organisation",
            "organization",
        ],
    ),
    ("country", &["pays", "country"]),
    ("email", &["email", "e mail", "mail", "courriel", "adresse mail", "adresse email", "email address"]),
    ("first_name", &["prenom", "first name", "firstname", "given name"]),
    ("last_name", &["nom", "nom de famille", "last name", "lastname", "surname", "family name"]),
    (
        "full_name",
        &["nom complet", "nom prenom", "nom et prenom", "prenom nom", "name", "full name", "contact"],
    ),
    ("note", &["note", "notes", "commentaire", "commentaires", "remarque", "comment", "comments"]),
    ("postcode", &["code postal", "cp", "postcode", "postal code", "zip", "zip code", "zipcode"]),
    (
        "reference",
        &["reference", "ref", "id", "id client", "identifiant", "code client", "customer id", "external id"],
    ),
    ("title", &["civilite", "titre", "title"]),
];

/// Words of which one in a header says that the column holds a telephone number.
const PHONE_WORDS: &[&str] =
    &["cell", "cellphone", "fixe", "gsm", "mobile", "msisdn", "phone", "portable", "tel", "telephone"];

/// The header of the column that a file of refused rows has at its end. In a file that comes back it is ignored.
pub const REASON_HEADER: &str = "cadran: reason";

const ZONE_HEADERS: &[&str] = &["fuseau", "fuseau horaire", "time zone", "timezone", "tz", "zone horaire"];

/// The longest name of a field.
pub const FIELD_NAME_CHARS_MAX: usize = 40;

/// Whether the first row names the columns: none of its cells can be a telephone number.
pub fn is_header(first: &[String], region: Region) -> bool {
    first.iter().all(|cell| phone::parse(cell, region).is_err())
}

/// What the columns hold, by the header if there is one. A column without a telling header whose cells are mostly
/// telephone numbers is taken for one when no header speaks of telephones.
pub fn guess(header: Option<&[String]>, sample: &[Vec<String>], region: Region) -> Vec<Column> {
    let width = header.map_or(0, <[String]>::len).max(sample.iter().map(Vec::len).max().unwrap_or(0));
    let mut columns: Vec<Column> = (0..width)
        .map(|index| by_header(header.and_then(|header| header.get(index)).map_or("", String::as_str), index))
        .collect();
    if !columns.contains(&Column::Phone)
        && let Some(index) = (0..width).find(|&index| holds_phones(sample, index, region))
    {
        columns[index] = Column::Phone;
    }
    name_apart(&mut columns);
    columns
}

fn by_header(header: &str, index: usize) -> Column {
    if header == REASON_HEADER {
        return Column::Ignore;
    }
    let words = plain_words(header);
    if ZONE_HEADERS.contains(&words.as_str()) {
        return Column::Zone;
    }
    if let Some(column) = consent::by_header(&words) {
        return column;
    }
    let is_phone = words
        .split(' ')
        .any(|word| PHONE_WORDS.contains(&word.trim_end_matches(|letter: char| letter.is_ascii_digit())));
    if is_phone && !words.contains("fax") {
        return Column::Phone;
    }
    let known = FIELD_HEADERS.iter().find(|(_, headers)| headers.contains(&words.as_str()));
    let name = match known {
        Some((name, _)) => (*name).to_owned(),
        None if words.is_empty() => format!("column_{}", index + 1),
        None => words.replace(' ', "_").chars().take(FIELD_NAME_CHARS_MAX).collect(),
    };
    Column::Field { name }
}

fn holds_phones(sample: &[Vec<String>], index: usize, region: Region) -> bool {
    let cells = || sample.iter().filter_map(|row| row.get(index));
    let phones = cells().filter(|cell| phone::parse(cell, region).is_ok()).count();
    phones > 0 && phones * 2 >= cells().count()
}

/// Two columns never share a name: the later ones get a number.
fn name_apart(columns: &mut [Column]) {
    for index in 1..columns.len() {
        let (before, rest) = columns.split_at_mut(index);
        if let Column::Field { name } = &mut rest[0] {
            let taken = |wanted: &str| {
                before.iter().any(|other| matches!(other, Column::Field { name } if name == wanted))
            };
            if taken(name) {
                let free = (2..).map(|number| format!("{name}_{number}")).find(|wanted| !taken(wanted));
                *name = free.unwrap_or_default();
            }
        }
    }
}

/// `  Téléphone_Fixe n°1 ` becomes `telephone fixe n 1`.
pub(super) fn plain_words(header: &str) -> String {
    let letters: String = header
        .to_lowercase()
        .chars()
        .map(without_accent)
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { ' ' })
        .collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

const fn without_accent(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ä' | 'ã' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'ö' | 'õ' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|&cell| cell.to_owned()).collect()
    }

    fn names(columns: &[Column]) -> Vec<&str> {
        let name = |column: &'static str| column;
        columns
            .iter()
            .map(|column| match column {
                Column::Consent { part } => match part {
                    ConsentPart::Evidence => name("EVIDENCE"),
                    ConsentPart::ExpiresAt => name("EXPIRES AT"),
                    ConsentPart::GivenAt => name("GIVEN AT"),
                    ConsentPart::HoursWaiver => name("ANY HOUR"),
                    ConsentPart::Purpose => name("PURPOSE"),
                    ConsentPart::Source => name("SOURCE"),
                    ConsentPart::TextVersion => name("TEXT"),
                    ConsentPart::Written => name("WRITTEN"),
                },
                Column::Field { name } => name.as_str(),
                Column::Ignore => name("-"),
                Column::Phone => name("PHONE"),
                Column::Zone => name("ZONE"),
            })
            .collect()
    }

    #[test]
    fn headers_are_understood_in_french_and_in_english() {
        let cases: [(&[&str], &[&str]); 6] = [
            (
                &["Téléphone", "Tél. portable", "NOM", "Prénom", "Raison sociale", "Code postal", "Ville"],
                &["PHONE", "PHONE", "last_name", "first_name", "company", "postcode", "city"],
            ),
            (
                &["Phone number", "Tel2", "Last Name", "E-mail", "Time zone"],
                &["PHONE", "PHONE", "last_name", "email", "ZONE"],
            ),
            (&["N° de téléphone", "Fax", "Nom", "nom"], &["PHONE", "fax", "last_name", "last_name_2"]),
            (&["tel", "Date d'échéance", ""], &["PHONE", "date_d_echeance", "column_3"]),
            (
                &[
                    "Tél",
                    "Finalité du consentement",
                    "Version du texte",
                    "Source du consentement",
                    "Date du consentement",
                    "Preuve",
                ],
                &["PHONE", "PURPOSE", "TEXT", "SOURCE", "GIVEN AT", "EVIDENCE"],
            ),
            (
                &[
                    "Phone",
                    "Consent purpose",
                    "Consent text version",
                    "Consent source",
                    "Consent date",
                    "Consent evidence",
                ],
                &["PHONE", "PURPOSE", "TEXT", "SOURCE", "GIVEN AT", "EVIDENCE"],
            ),
        ];
        for (header, expected) in cases {
            let header = strings(header);
            assert!(is_header(&header, Region::FR));
            assert_eq!(names(&guess(Some(&header), &[], Region::FR)), expected);
        }
    }

    #[test]
    fn without_a_header_the_cells_tell() {
        let row = strings(&["Dupont", "01 99 00 12 34", "Lyon"]);
        assert!(!is_header(&row, Region::FR));
        assert_eq!(
            names(&guess(None, std::slice::from_ref(&row), Region::FR)),
            ["column_1", "PHONE", "column_3"]
        );
    }
}
