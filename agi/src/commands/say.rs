//! Saying numbers, letters and times with Asterisk's own voice files, in the channel's language.
//!
//! Each returns the key that interrupted it, if it is one of the escape digits.

use crate::{Command, Connection, Result};

/// How `SAY DATETIME` speaks unless told otherwise (the default of `handle_saydatetime`).
const DATETIME_FORMAT: &str = "ABdY 'digits/at' IMp";

/// The grammatical gender of what is counted, for languages that need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gender {
    /// Common (Danish, Swedish and others).
    Common,
    /// Feminine.
    Feminine,
    /// Masculine.
    Masculine,
    /// Neuter.
    Neuter,
}

/// Which letters are announced as upper or lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterCase {
    /// All letters.
    All,
    /// Lower case letters.
    Lower,
    /// None.
    None,
    /// Upper case letters.
    Upper,
}

impl Connection {
    /// `SAY ALPHA`: spells a text.
    pub async fn say_alpha(
        &mut self,
        text: &str,
        escape_digits: &str,
        announced: LetterCase,
    ) -> Result<Option<char>> {
        let case = match announced {
            LetterCase::All => "a",
            LetterCase::Lower => "l",
            LetterCase::None => "n",
            LetterCase::Upper => "u",
        };
        self.run_for_digit(Command::new("SAY ALPHA").waits().text(text).text(escape_digits).text(case)).await
    }

    /// `SAY DATE`: the date of a time in Unix seconds, of which Asterisk reads 32 bits here.
    pub async fn say_date(&mut self, unix_seconds: i32, escape_digits: &str) -> Result<Option<char>> {
        self.say_number_like("SAY DATE", unix_seconds, escape_digits).await
    }

    /// `SAY DATETIME`: a time in Unix seconds, in a format of Asterisk's `say.conf` and a time zone such as
    /// `Europe/Paris`; `None` for the defaults.
    pub async fn say_datetime(
        &mut self,
        unix_seconds: i64,
        escape_digits: &str,
        format: Option<&str>,
        zone: Option<&str>,
    ) -> Result<Option<char>> {
        let format = format.or(zone.map(|_| DATETIME_FORMAT));
        let command = Command::new("SAY DATETIME").waits().number(unix_seconds).text(escape_digits);
        self.run_for_digit(command.optional_text(format).optional_text(zone)).await
    }

    /// `SAY DIGITS`: digit by digit. The text must begin with a number.
    pub async fn say_digits(&mut self, digits: &str, escape_digits: &str) -> Result<Option<char>> {
        self.run_for_digit(Command::new("SAY DIGITS").waits().text(digits).text(escape_digits)).await
    }

    /// `SAY NUMBER`: a whole number.
    pub async fn say_number(
        &mut self,
        number: i32,
        escape_digits: &str,
        gender: Option<Gender>,
    ) -> Result<Option<char>> {
        let gender = gender.map(|gender| match gender {
            Gender::Common => "c",
            Gender::Feminine => "f",
            Gender::Masculine => "m",
            Gender::Neuter => "n",
        });
        let command = Command::new("SAY NUMBER").waits().number(number.into()).text(escape_digits);
        self.run_for_digit(command.optional_text(gender)).await
    }

    /// `SAY PHONETIC`: spells a text with the NATO alphabet.
    pub async fn say_phonetic(&mut self, text: &str, escape_digits: &str) -> Result<Option<char>> {
        self.run_for_digit(Command::new("SAY PHONETIC").waits().text(text).text(escape_digits)).await
    }

    /// `SAY TIME`: the time of day of a time in Unix seconds, of which Asterisk reads 32 bits here.
    pub async fn say_time(&mut self, unix_seconds: i32, escape_digits: &str) -> Result<Option<char>> {
        self.say_number_like("SAY TIME", unix_seconds, escape_digits).await
    }

    async fn say_number_like(
        &mut self,
        words: &'static str,
        number: i32,
        escape_digits: &str,
    ) -> Result<Option<char>> {
        self.run_for_digit(Command::new(words).waits().number(number.into()).text(escape_digits)).await
    }
}
