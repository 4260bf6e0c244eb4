//! Area codes of the North American numbering plan and the zones that they lie in.
//!
//! Where a border of zones runs through an area, all of its zones are named: whoever may call in all of them is in time
//! wherever the person is. Codes that belong to no area, such as 800, are not here. An overlay has the zones of the area
//! that it covers.
//!
//! Sources: the time zones of libphonenumber, checked against the borders of 49 CFR 71; NANPA for overlays; IANA for the
//! names.

/// The zones of a number without its country code; none when its area code belongs to no area.
pub(super) fn zone_names(national: &str) -> Vec<&'static str> {
    let code: Option<u16> = national.get(..CODE_DIGITS).and_then(|digits| digits.parse().ok());
    let area = code.and_then(|code| AREAS.iter().find(|(_, codes)| codes.binary_search(&code).is_ok()));
    area.map(|(zones, _)| zones.to_vec()).unwrap_or_default()
}

const CODE_DIGITS: usize = 3;

/// Zones, and the codes of the areas that lie in all of them and nowhere else.
#[rustfmt::skip]
const AREAS: &[(&[&str], &[u16])] = &[
    (&["America/New_York"], &[
        201, 202, 203, 207, 212, 215, 216, 220, 223, 227, 229, 231, 234, 239, 240, 248, 252, 260, 267,
        269, 272, 276, 283, 301, 302, 304, 305, 313, 315, 317, 321, 324, 326, 329, 330, 332, 336, 339,
        347, 351, 352, 363, 380, 386, 401, 404, 407, 410, 412, 413, 419, 434, 436, 440, 443, 445, 463,
        470, 472, 475, 478, 484, 502, 508, 513, 516, 517, 518, 540, 551, 561, 567, 570, 571, 582, 585,
        586, 603, 607, 609, 610, 614, 616, 617, 631, 640, 645, 646, 656, 667, 678, 679, 680, 681, 686,
        689, 703, 704, 706, 716, 717, 718, 724, 727, 728, 732, 734, 740, 743, 754, 757, 762, 765, 770,
        771, 772, 774, 781, 786, 802, 803, 804, 810, 813, 814, 821, 826, 828, 835, 838, 839, 843, 845,
        848, 854, 856, 857, 859, 860, 862, 863, 864, 865, 878, 904, 908, 910, 912, 914, 917, 919, 929,
        934, 937, 941, 943, 947, 948, 954, 959, 973, 978, 980, 984, 989,
    ]),
    (&["America/Winnipeg"], &[204, 431, 584]),
    (&["America/Chicago"], &[
        205, 210, 214, 217, 218, 224, 225, 228, 235, 251, 254, 256, 262, 274, 281, 309, 312, 314, 316,
        318, 319, 320, 325, 327, 331, 334, 337, 346, 353, 361, 402, 405, 409, 414, 417, 430, 432, 447,
        457, 464, 469, 471, 479, 501, 504, 507, 512, 515, 531, 534, 539, 557, 563, 572, 573, 580, 601,
        608, 612, 615, 618, 629, 630, 636, 641, 651, 659, 660, 662, 682, 708, 712, 713, 715, 726, 730,
        731, 737, 763, 769, 773, 779, 806, 815, 816, 817, 830, 832, 847, 870, 872, 901, 903, 913, 918,
        920, 924, 931, 936, 938, 940, 945, 952, 956, 972, 975, 979, 985,
    ]),
    (&["America/Los_Angeles"], &[
        206, 209, 213, 253, 279, 310, 323, 341, 350, 357, 360, 369, 408, 415, 424, 425, 442, 503, 509,
        510, 530, 559, 562, 564, 619, 626, 628, 650, 657, 661, 669, 702, 707, 714, 725, 738, 747, 760,
        805, 818, 820, 831, 837, 840, 858, 909, 916, 925, 949, 951, 971,
    ]),
    (&["America/Boise", "America/Los_Angeles"], &[208, 986]),
    (&["America/Chicago", "America/New_York"], &[219, 270, 364, 423, 448, 574, 606, 729, 812, 850, 906, 930]),
    (&["America/Toronto"], &[
        226, 249, 263, 273, 289, 343, 354, 365, 382, 387, 416, 437, 438, 450, 468, 514, 519, 548, 579,
        613, 647, 683, 705, 742, 753, 819, 873, 905, 942,
    ]),
    (&["America/Edmonton", "America/Fort_Nelson", "America/Vancouver"], &[236, 250, 257, 672, 778]),
    (&["America/Nassau"], &[242]),
    (&["America/Barbados"], &[246]),
    (&["America/Anguilla"], &[264]),
    (&["America/Antigua"], &[268]),
    (&["America/Tortola"], &[284]),
    (&["America/Denver"], &[303, 307, 385, 406, 435, 505, 575, 719, 720, 748, 801, 915, 970, 983]),
    (&["America/Edmonton", "America/Regina"], &[306, 474, 639]),
    (&["America/Chicago", "America/Denver"], &[308, 605, 620, 701, 785]),
    (&["America/St_Thomas"], &[340]),
    (&["America/Cayman"], &[345]),
    (&["America/Halifax", "America/Toronto"], &[367, 418, 581]),
    (&["America/Edmonton"], &[368, 403, 587, 780, 825]),
    (&["America/Halifax"], &[428, 506, 782, 902]),
    (&["Atlantic/Bermuda"], &[441]),
    (&["America/Denver", "America/Los_Angeles"], &[458, 541, 775]),
    (&["America/Grenada"], &[473]),
    (&["America/Phoenix"], &[480, 520, 602, 623]),
    (&["America/Vancouver"], &[604]),
    (&["America/Grand_Turk"], &[649]),
    (&["America/Jamaica"], &[658, 876]),
    (&["America/Montserrat"], &[664]),
    (&["Pacific/Saipan"], &[670]),
    (&["Pacific/Guam"], &[671]),
    (&["Pacific/Pago_Pago"], &[684]),
    (&["America/Goose_Bay", "America/St_Johns"], &[709, 879]),
    (&["America/Lower_Princes"], &[721]),
    (&["America/St_Lucia"], &[758]),
    (&["America/Dominica"], &[767]),
    (&["America/St_Vincent"], &[784]),
    (&["America/Puerto_Rico"], &[787, 939]),
    (&["America/Toronto", "America/Winnipeg"], &[807]),
    (&["Pacific/Honolulu"], &[808]),
    (&["America/Santo_Domingo"], &[809, 829, 849]),
    (&["America/Edmonton", "America/Toronto", "America/Whitehorse", "America/Winnipeg"], &[867]),
    (&["America/Port_of_Spain"], &[868]),
    (&["America/St_Kitts"], &[869]),
    (&["America/Adak", "America/Anchorage"], &[907]),
    (&["America/Denver", "America/Phoenix"], &[928]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::Zone;

    #[test]
    fn every_code_is_there_once_and_every_zone_is_real() {
        let mut seen = BTreeSet::new();
        for (zones, codes) in AREAS {
            assert!(codes.is_sorted());
            assert!(zones.iter().all(|zone| zone.parse::<Zone>().is_ok()), "{zones:?}");
            for code in *codes {
                assert!((200..=999).contains(code) && seen.insert(code), "{code}");
            }
        }
        assert!(seen.len() > 430, "{}", seen.len());
    }

    #[test]
    fn an_area_tells_its_zones() {
        let cases: [(&str, &[&str]); 6] = [
            ("2125550123", &["America/New_York"]),
            ("4075550123", &["America/New_York"]),
            ("6895550123", &["America/New_York"]),
            ("2085550123", &["America/Boise", "America/Los_Angeles"]),
            ("8005550123", &[]),
            ("21", &[]),
        ];
        for (national, zones) in cases {
            assert_eq!(zone_names(national), zones, "{national}");
        }
    }
}
