//! A share that was counted, and how far it can be trusted.

/// The normal quantile of an interval that holds in 95 of 100 cases.
const QUANTILE: f64 = 1.959_963_985;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that were found.
    pub found: u64,
    /// Those among which they were looked for.
    pub of: u64,
}

impl Share {
    /// The share, between 0 and 1; none where nothing was looked at.
    pub fn rate(self) -> Option<f64> {
        (self.of > 0).then(|| self.found as f64 / self.of as f64)
    }

    /// The bounds between which the true share lies in 95 of 100 cases (Wilson 1927, J. Am. Stat. Assoc. 22). They
    /// hold for few cases too, and for shares near 0, where the usual interval is too narrow.
    pub fn interval(self) -> Option<(f64, f64)> {
        let (rate, of) = (self.rate()?, self.of as f64);
        let square = QUANTILE * QUANTILE / of;
        let middle = rate + square / 2.0;
        let spread = QUANTILE * (rate * (1.0 - rate) / of + square / of / 4.0).sqrt();
        let bound = |bound: f64| (bound / (1.0 + square)).clamp(0.0, 1.0);
        Some((bound(middle - spread), bound(middle + spread)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_tables() {
        // Newcombe 1998, Statistics in Medicine 17, table I, method 3.
        let cases = [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ];
        for (found, of, low, high) in cases {
            let (lower, upper) = Share { found, of }.interval().unwrap();
            assert!(
                (lower - low).abs() < 1e-4 && (upper - high).abs() < 1e-4,
                "{found}/{of}: {lower} {upper}"
            );
        }
    }

    #[test]
    fn nothing_is_known_of_nothing() {
        assert_eq!((Share::default().rate(), Share::default().interval()), (None, None));
    }
}
