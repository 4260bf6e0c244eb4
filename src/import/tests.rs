//! Files as people send them, and bytes as nobody would.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn plan(columns: Vec<Column>) -> Plan {
    Plan {
        encoding: encoding_rs::UTF_8,
        delimiter: b';',
        has_header: false,
        meaning: Meaning { columns, region: Region::FR, zone: "Europe/Paris".parse().unwrap() },
    }
}

fn field(name: &str) -> Column {
    Column::Field { name: name.to_owned() }
}

fn rows(file: &[u8], plan: Plan) -> Vec<Row> {
    let mut rows = Rows::new(file, plan);
    std::iter::from_fn(|| rows.next_row().unwrap()).collect()
}

/// One line a row: what became of it.
fn told(text: &str, columns: Vec<Column>) -> String {
    let mut story = String::new();
    for row in rows(text.as_bytes(), plan(columns)) {
        write!(story, "{}: ", row.number).unwrap();
        match row.verdict {
            Verdict::Accepted { lead, left_out, merged_into } => {
                let phones: Vec<String> =
                    std::iter::once(&lead.phone).chain(&lead.alternates).map(|phone| phone.e164()).collect();
                write!(story, "{} {} {:?} {left_out:?}", phones.join(" "), lead.zone, lead.fields).unwrap();
                writeln!(story, "{}", merged_into.map_or(String::new(), |row| format!(" into {row}")))
                    .unwrap();
            }
            Verdict::Refused(reason) => writeln!(story, "{}", reason.as_str()).unwrap(),
        }
    }
    story
}

#[test]
fn every_row_is_accepted_merged_or_refused() {
    let text = "\
01 99 00 00 01;Durand
;Nobody
1&PJSIP/x;Dial string
${SHELL(id)};Shell
01 99 00 00 02;=1+1
0199000001;Durand again
'+33199000003;'@sum
01 99 00 00 04;nul\0
";
    let expected = "\
1: +33199000001 Europe/Paris {\"last_name\": \"Durand\"} []
2: phone_missing
3: phone_characters
4: phone_characters
5: +33199000002 Europe/Paris {\"last_name\": \"=1+1\"} []
6: +33199000001 Europe/Paris {\"last_name\": \"Durand again\"} [] into 1
7: +33199000003 Europe/Paris {\"last_name\": \"@sum\"} []
8: control_character
";
    assert_eq!(told(text, vec![Column::Phone, field("last_name")]), expected);
}

#[test]
fn alternates_follow_the_first_good_number_and_the_zone_follows_the_first() {
    let text = "\
0199000001;0262 12 34 56 78;
abc;+262 262 12 34 56;
0199000002;;Indian/Reunion
0199000003;;Lyon
+1 202 555 0123;;
";
    let expected = "\
1: +33199000001 Europe/Paris {} [(1, PhoneInvalid)]
2: +262262123456 Indian/Reunion {} [(0, PhoneCharacters)]
3: +33199000002 Indian/Reunion {} []
4: zone_unknown
5: +12025550123 America/New_York {} []
";
    assert_eq!(told(text, vec![Column::Phone, Column::Phone, Column::Zone]), expected);
}

#[test]
fn what_a_spreadsheet_would_run_comes_back_as_it_was() {
    for text in ["=cmd()", "+33199001234", "-1", "@x", "plain", "'quoted'"] {
        assert_eq!(plain(&safe_cell(text)), text);
    }
    assert_eq!(safe_cell("=1"), "'=1");
}

proptest! {
    /// Whatever the bytes: no panic, and an end.
    #[test]
    fn any_bytes_have_a_story(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let sample = sniff(io::Cursor::new(&bytes), Region::FR).unwrap();
        let mut plan = plan(sample.columns);
        plan.encoding = sample.encoding;
        plan.delimiter = sample.delimiter;
        rows(&bytes, plan);
    }

    /// Lines without quotes are rows, one for one, whatever is in them.
    #[test]
    fn no_row_is_lost(lines in proptest::collection::vec("[^\"\r\n\u{feff}]{1,30}", 0..60), end in "\r\n|\n|\r") {
        let text: String = lines.iter().map(|line| format!("{line}{end}")).collect();
        let found = rows(text.as_bytes(), plan(vec![Column::Phone, field("name")]));
        prop_assert_eq!(found.len(), lines.len());
        prop_assert!(found.iter().map(|row| row.number as usize).eq(1..=lines.len()));
    }

    /// What a phone cell becomes is E.164 or nothing.
    #[test]
    fn no_cell_becomes_anything_but_digits(cell in "\\PC{0,60}") {
        if let Ok(phone) = phone::parse(&cell, Region::FR) {
            prop_assert!(phone.e164()[1..].bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
