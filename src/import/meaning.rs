//! What the cells of a row say of a lead, wherever the row comes from: a file, or one lead that a person or a program
//! adds.

use std::collections::BTreeMap;

use cadran_engine::almanac::numbering;
use cadran_engine::model::{Phone, Zone};

use super::{Column, FIELD_CHARS_MAX, NewConsent, NewLead, Reason, Region, consent, phone, plain};

/// What the cells of a row mean.
#[derive(Clone, Debug)]
pub struct Meaning {
    /// What the columns hold; further ones are ignored.
    pub columns: Vec<Column>,
    /// How numbers without a country code are meant.
    pub region: Region,
    /// Where a lead lives when neither its row nor its number tells.
    pub zone: Zone,
}

/// A cell, counted from 0, and why it was not taken.
pub type LeftOut = (usize, Reason);

/// The numbers of a row: the first good one, the other good ones, and the bad ones.
struct RowPhones {
    first: Phone,
    others: Vec<Phone>,
    left_out: Vec<LeftOut>,
}

impl Meaning {
    /// The lead that a row tells of, and the further numbers, or the consent, that were left out of it. A row that says
    /// nothing of use fails with the cell that is to blame.
    pub fn read(&self, cells: &[String]) -> Result<(NewLead, Vec<LeftOut>), LeftOut> {
        let RowPhones { first: phone, others: alternates, mut left_out } = self.phones(cells)?;
        let zone = match self.cells_of(cells, &Column::Zone).next() {
            Some((column, name)) => name.parse().map_err(|_| (column, Reason::ZoneUnknown))?,
            None => {
                let told = numbering::zones(phone).and_then(|zones| zones.into_iter().next());
                told.unwrap_or_else(|| self.zone.clone())
            }
        };
        let fields = self.fields(cells)?;
        let consent =
            self.consent(cells, &zone).and_then(|told| told.map_err(|reason| left_out.push(reason)).ok());
        let consent = consent.map(Box::new);
        Ok((NewLead { phone, alternates, zone, fields, consent }, left_out))
    }

    /// The numbers of a row. A row without a good one fails with the reason of its first.
    fn phones(&self, cells: &[String]) -> Result<RowPhones, LeftOut> {
        let mut phones = Vec::new();
        let mut left_out = Vec::new();
        for (column, cell) in self.cells_of(cells, &Column::Phone) {
            match phone::parse(cell, self.region) {
                Ok(phone) if phones.contains(&phone) => {}
                Ok(phone) => phones.push(phone),
                Err(reason) => left_out.push((column, reason)),
            }
        }
        match phones.first() {
            Some(&first) => Ok(RowPhones { first, others: phones.split_off(1), left_out }),
            None => Err(left_out.first().copied().unwrap_or((0, Reason::PhoneMissing))),
        }
    }

    fn fields(&self, cells: &[String]) -> Result<BTreeMap<String, String>, LeftOut> {
        let mut fields = BTreeMap::new();
        for (index, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            let cell = plain(cell);
            if let Column::Field { name } = column
                && !cell.is_empty()
            {
                if cell.chars().count() > FIELD_CHARS_MAX {
                    return Err((index, Reason::TextTooLong));
                }
                if cell.contains(|letter: char| letter.is_control() && !matches!(letter, '\t' | '\r' | '\n'))
                {
                    return Err((index, Reason::ControlCharacter));
                }
                fields.insert(name.clone(), cell.to_owned());
            }
        }
        Ok(fields)
    }

    fn consent(&self, cells: &[String], zone: &Zone) -> Option<Result<NewConsent, LeftOut>> {
        let parts = self.columns.iter().zip(cells).enumerate().filter_map(|(index, (column, cell))| {
            let cell = plain(cell);
            match column {
                Column::Consent { part } if !cell.is_empty() => Some((index, *part, cell)),
                _ => None,
            }
        });
        consent::read(parts, self.region, zone)
    }

    /// The cells of such columns that are not empty.
    fn cells_of<'a>(
        &'a self,
        cells: &'a [String],
        wanted: &'a Column,
    ) -> impl Iterator<Item = (usize, &'a str)> {
        self.columns
            .iter()
            .zip(cells)
            .enumerate()
            .filter(move |(_, (column, _))| *column == wanted)
            .map(|(index, (_, cell))| (index, plain(cell)))
            .filter(|(_, cell)| !cell.is_empty())
    }
}
