//! Where a telephone number lives, as far as its first digits tell.

use super::area_codes;
use crate::model::{Phone, Zone};

/// The time zones in which a number may ring; none when its country has several and the digits do not tell which.
///
/// A number of the North American plan may ring in every zone of its area code. It rings nowhere when its code belongs
/// to no area, as that of a free number.
pub fn zones(phone: Phone) -> Option<Vec<Zone>> {
    let digits = phone.e164();
    let digits = digits.trim_start_matches('+');
    let names = match digits.strip_prefix(NORTH_AMERICA) {
        Some(national) => area_codes::zone_names(national),
        None => vec![zone_name(digits)?],
    };
    Some(names.into_iter().filter_map(|name| name.parse().ok()).collect())
}

/// The zones in which a person may be: where their number rings, and where they are known to live. None when nobody
/// could tell.
pub fn whereabouts(phone: Phone, home: &Zone) -> Option<Vec<Zone>> {
    let mut zones = match zones(phone) {
        Some(zones) if zones.is_empty() => return None,
        told => told.unwrap_or_default(),
    };
    if !zones.contains(home) {
        zones.push(home.clone());
    }
    Some(zones)
}

/// The zone that the first digits name, country code first; none when they name several or none.
pub(crate) fn zone_name(digits: &str) -> Option<&'static str> {
    let (_, name) = longest_prefix(PREFIXES, |(prefix, _)| prefix, digits)?;
    Some(*name).filter(|name| *name != SEVERAL)
}

/// The entry of a table with the longest prefix of these digits. The table is sorted by the prefixes as text; none of
/// them is empty.
pub(crate) fn longest_prefix<'t, T>(
    table: &'t [T],
    prefix: impl Fn(&T) -> &'static str,
    digits: &str,
) -> Option<&'t T> {
    // A prefix stands before what it begins, and a longer one after a shorter.
    let until = table.partition_point(|entry| prefix(entry) <= digits);
    let begins_alike = |entry: &&T| prefix(entry).as_bytes().first() == digits.as_bytes().first();
    let mut candidates = table[..until].iter().rev().take_while(begins_alike);
    candidates.find(|entry| digits.starts_with(prefix(entry)))
}

/// First digits and the zones that they name, where it is one.
pub(crate) fn zone_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    PREFIXES.iter().copied().filter(|(_, name)| *name != SEVERAL)
}

/// The country code of the plan that has area codes instead of countries.
const NORTH_AMERICA: &str = "1";

/// No zone can be told.
const SEVERAL: &str = "";

/// First digits and the zone they stand for; the longest match counts. Sorted by the digits as text.
///
/// Country codes from ITU-T E.164 (list of assigned country codes), areas from the national numbering plans, zones
/// from the IANA time-zone database.
const PREFIXES: &[(&str, &str)] = &[
    ("1", SEVERAL), // by the area code
    ("20", "Africa/Cairo"),
    ("211", "Africa/Juba"),
    ("212", "Africa/Casablanca"),
    ("213", "Africa/Algiers"),
    ("216", "Africa/Tunis"),
    ("218", "Africa/Tripoli"),
    ("220", "Africa/Banjul"),
    ("221", "Africa/Dakar"),
    ("222", "Africa/Nouakchott"),
    ("223", "Africa/Bamako"),
    ("224", "Africa/Conakry"),
    ("225", "Africa/Abidjan"),
    ("226", "Africa/Ouagadougou"),
    ("227", "Africa/Niamey"),
    ("228", "Africa/Lome"),
    ("229", "Africa/Porto-Novo"),
    ("230", "Indian/Mauritius"),
    ("231", "Africa/Monrovia"),
    ("232", "Africa/Freetown"),
    ("233", "Africa/Accra"),
    ("234", "Africa/Lagos"),
    ("235", "Africa/Ndjamena"),
    ("236", "Africa/Bangui"),
    ("237", "Africa/Douala"),
    ("238", "Atlantic/Cape_Verde"),
    ("239", "Africa/Sao_Tome"),
    ("240", "Africa/Malabo"),
    ("241", "Africa/Libreville"),
    ("242", "Africa/Brazzaville"),
    ("244", "Africa/Luanda"),
    ("245", "Africa/Bissau"),
    ("248", "Indian/Mahe"),
    ("249", "Africa/Khartoum"),
    ("250", "Africa/Kigali"),
    ("251", "Africa/Addis_Ababa"),
    ("252", "Africa/Mogadishu"),
    ("253", "Africa/Djibouti"),
    ("254", "Africa/Nairobi"),
    ("255", "Africa/Dar_es_Salaam"),
    ("256", "Africa/Kampala"),
    ("257", "Africa/Bujumbura"),
    ("258", "Africa/Maputo"),
    ("260", "Africa/Lusaka"),
    ("261", "Indian/Antananarivo"),
    ("262", "Indian/Reunion"),
    ("262269", "Indian/Mayotte"),
    ("262639", "Indian/Mayotte"),
    ("263", "Africa/Harare"),
    ("264", "Africa/Windhoek"),
    ("265", "Africa/Blantyre"),
    ("266", "Africa/Maseru"),
    ("267", "Africa/Gaborone"),
    ("268", "Africa/Mbabane"),
    ("269", "Indian/Comoro"),
    ("27", "Africa/Johannesburg"),
    ("290", "Atlantic/St_Helena"),
    ("291", "Africa/Asmara"),
    ("30", "Europe/Athens"),
    ("31", "Europe/Amsterdam"),
    ("32", "Europe/Brussels"),
    ("33", "Europe/Paris"),
    ("34", "Europe/Madrid"),
    ("346", SEVERAL),
    ("347", SEVERAL),
    ("34822", "Atlantic/Canary"),
    ("34828", "Atlantic/Canary"),
    ("34922", "Atlantic/Canary"),
    ("34928", "Atlantic/Canary"),
    ("350", "Europe/Gibraltar"),
    ("3512", "Europe/Lisbon"),
    ("351291", "Atlantic/Madeira"),
    ("351292", "Atlantic/Azores"),
    ("351295", "Atlantic/Azores"),
    ("351296", "Atlantic/Azores"),
    ("352", "Europe/Luxembourg"),
    ("353", "Europe/Dublin"),
    ("354", "Atlantic/Reykjavik"),
    ("355", "Europe/Tirane"),
    ("356", "Europe/Malta"),
    ("357", "Asia/Nicosia"),
    ("358", "Europe/Helsinki"),
    ("359", "Europe/Sofia"),
    ("36", "Europe/Budapest"),
    ("370", "Europe/Vilnius"),
    ("371", "Europe/Riga"),
    ("372", "Europe/Tallinn"),
    ("373", "Europe/Chisinau"),
    ("374", "Asia/Yerevan"),
    ("375", "Europe/Minsk"),
    ("376", "Europe/Andorra"),
    ("377", "Europe/Monaco"),
    ("378", "Europe/San_Marino"),
    ("380", "Europe/Kyiv"),
    ("381", "Europe/Belgrade"),
    ("382", "Europe/Podgorica"),
    ("385", "Europe/Zagreb"),
    ("386", "Europe/Ljubljana"),
    ("387", "Europe/Sarajevo"),
    ("389", "Europe/Skopje"),
    ("39", "Europe/Rome"),
    ("40", "Europe/Bucharest"),
    ("41", "Europe/Zurich"),
    ("420", "Europe/Prague"),
    ("421", "Europe/Bratislava"),
    ("423", "Europe/Vaduz"),
    ("43", "Europe/Vienna"),
    ("44", "Europe/London"),
    ("45", "Europe/Copenhagen"),
    ("46", "Europe/Stockholm"),
    ("47", "Europe/Oslo"),
    ("48", "Europe/Warsaw"),
    ("49", "Europe/Berlin"),
    ("501", "America/Belize"),
    ("502", "America/Guatemala"),
    ("503", "America/El_Salvador"),
    ("504", "America/Tegucigalpa"),
    ("505", "America/Managua"),
    ("506", "America/Costa_Rica"),
    ("507", "America/Panama"),
    ("508", "America/Miquelon"),
    ("509", "America/Port-au-Prince"),
    ("51", "America/Lima"),
    ("53", "America/Havana"),
    ("54", "America/Argentina/Buenos_Aires"),
    ("57", "America/Bogota"),
    ("58", "America/Caracas"),
    ("590", "America/Guadeloupe"),
    ("591", "America/La_Paz"),
    ("592", "America/Guyana"),
    ("594", "America/Cayenne"),
    ("595", "America/Asuncion"),
    ("596", "America/Martinique"),
    ("597", "America/Paramaribo"),
    ("598", "America/Montevideo"),
    ("60", "Asia/Kuala_Lumpur"),
    ("63", "Asia/Manila"),
    ("64", "Pacific/Auckland"),
    ("65", "Asia/Singapore"),
    ("66", "Asia/Bangkok"),
    ("673", "Asia/Brunei"),
    ("679", "Pacific/Fiji"),
    ("681", "Pacific/Wallis"),
    ("687", "Pacific/Noumea"),
    ("689", "Pacific/Tahiti"),
    ("81", "Asia/Tokyo"),
    ("82", "Asia/Seoul"),
    ("84", "Asia/Ho_Chi_Minh"),
    ("852", "Asia/Hong_Kong"),
    ("853", "Asia/Macau"),
    ("855", "Asia/Phnom_Penh"),
    ("856", "Asia/Vientiane"),
    ("86", "Asia/Shanghai"),
    ("880", "Asia/Dhaka"),
    ("886", "Asia/Taipei"),
    ("90", "Europe/Istanbul"),
    ("91", "Asia/Kolkata"),
    ("92", "Asia/Karachi"),
    ("93", "Asia/Kabul"),
    ("94", "Asia/Colombo"),
    ("95", "Asia/Yangon"),
    ("960", "Indian/Maldives"),
    ("961", "Asia/Beirut"),
    ("962", "Asia/Amman"),
    ("963", "Asia/Damascus"),
    ("964", "Asia/Baghdad"),
    ("965", "Asia/Kuwait"),
    ("966", "Asia/Riyadh"),
    ("967", "Asia/Aden"),
    ("968", "Asia/Muscat"),
    ("971", "Asia/Dubai"),
    ("972", "Asia/Jerusalem"),
    ("973", "Asia/Bahrain"),
    ("974", "Asia/Qatar"),
    ("975", "Asia/Thimphu"),
    ("977", "Asia/Kathmandu"),
    ("98", "Asia/Tehran"),
    ("992", "Asia/Dushanbe"),
    ("993", "Asia/Ashgabat"),
    ("994", "Asia/Baku"),
    ("995", "Asia/Tbilisi"),
    ("996", "Asia/Bishkek"),
    ("998", "Asia/Tashkent"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn told(phone: &str) -> Option<Vec<String>> {
        Some(zones(phone.parse().unwrap())?.iter().map(Zone::to_string).collect())
    }

    #[test]
    fn the_first_digits_tell_the_zone_where_they_can() {
        let cases = [
            ("+33199001234", "Europe/Paris"),
            ("+262262123456", "Indian/Reunion"),
            ("+262639123456", "Indian/Mayotte"),
            ("+590590123456", "America/Guadeloupe"),
            ("+594594123456", "America/Cayenne"),
            ("+596596123456", "America/Martinique"),
            ("+687123456", "Pacific/Noumea"),
            ("+221331234567", "Africa/Dakar"),
            ("+34922123456", "Atlantic/Canary"),
            ("+18765550123", "America/Jamaica"),
            ("+12025550123", "America/New_York"),
        ];
        for (phone, zone) in cases {
            assert_eq!(told(phone), Some(vec![zone.to_owned()]), "{phone}");
        }
        for phone in ["+34612345678", "+61412345678"] {
            assert_eq!(told(phone), None, "{phone}");
        }
    }

    #[test]
    fn an_area_may_have_several_zones_and_a_free_number_has_none() {
        let both = ["America/Chicago".to_owned(), "America/New_York".to_owned()];
        assert_eq!(told("+18505550123"), Some(both.to_vec()));
        assert_eq!(told("+18005550123"), Some(Vec::new()));
        let home: Zone = "America/Los_Angeles".parse().unwrap();
        let known = |phone: &str| {
            let zones = whereabouts(phone.parse().unwrap(), &home)?;
            Some(zones.iter().map(Zone::to_string).collect::<Vec<_>>())
        };
        let moved = ["America/New_York".to_owned(), "America/Los_Angeles".to_owned()];
        assert_eq!(known("+12125550123"), Some(moved.to_vec()));
        assert_eq!(known("+13105550123"), Some(vec!["America/Los_Angeles".to_owned()]));
        assert_eq!(known("+18005550123"), None);
    }

    #[test]
    fn the_table_is_sorted_and_names_real_zones() {
        assert!(PREFIXES.is_sorted_by(|(one, _), (next, _)| one < next));
        for (prefix, zone) in PREFIXES {
            assert!(!prefix.is_empty());
            assert!(*zone == SEVERAL || zone.parse::<Zone>().is_ok(), "{prefix} {zone}");
        }
    }

    #[test]
    fn the_longest_prefix_is_found_whatever_follows_it() {
        for number in (0..10_000_000).step_by(131) {
            let digits = format!("{number:07}");
            let matches = PREFIXES.iter().filter(|(prefix, _)| digits.starts_with(prefix));
            let longest = matches.max_by_key(|(prefix, _)| prefix.len());
            assert_eq!(longest_prefix(PREFIXES, |(prefix, _)| prefix, &digits), longest, "{digits}");
        }
    }
}
