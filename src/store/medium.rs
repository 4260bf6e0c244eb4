//! Recorded and spoken sounds: what they are called, and their file in each locale.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::model::{self, MediumId, Timestamp};

use super::db::{Lane, Select, upsert};
use super::value::{Row, args};
use super::{Error, Kept, Page, Store, only};

const NOUN: &str = "medium";
const EXISTS: &str = "select 1 as one from medium where medium_id = $1";

/// A sound in every locale that it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Medium {
    /// The row. Flows name it by its text, `med_7`.
    pub id: MediumId,
    /// What managers call it.
    pub name: String,
    /// Its files by locale, such as `fr-FR`.
    pub sounds: BTreeMap<String, SoundFile>,
}

/// The file of a sound in one locale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundFile {
    /// Its name in the directory of sounds, without extension.
    pub file: String,
    /// Samples per second.
    pub rate: u32,
    /// How long it is.
    pub duration: Duration,
    /// How loud it is, in hundredths of LUFS (EBU R 128).
    pub loudness: i64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// The text from which it was spoken by a machine.
    pub spoken: Option<String>,
    /// By which voice.
    pub voice: Option<String>,
}

impl Store {
    /// Keeps a sound that has no file yet.
    pub async fn create_medium(&self, name: &str, now: Timestamp) -> Result<Kept<Medium>, Error> {
        let sql = "insert into medium (name, updated_at) values ($1, $2) returning *";
        read(&only(self.db.change(sql, args![name, now]).await?)?, BTreeMap::new())
    }

    /// One sound.
    pub async fn medium(&self, id: MediumId) -> Result<Option<Kept<Medium>>, Error> {
        let row = self.db.row("select * from medium where medium_id = $1", args![id]).await?;
        let Some(row) = row else { return Ok(None) };
        let sql = "select * from sound where medium_id = $1 order by locale";
        let sounds: Result<_, Error> = self.db.rows(sql, args![id]).await?.iter().map(read_sound).collect();
        read(&row, sounds?).map(Some)
    }

    /// Sounds, in the order in which they were added.
    pub async fn media(&self, page: Page<MediumId>) -> Result<Vec<Kept<Medium>>, Error> {
        let select = Select::new("select * from medium").narrow("medium_id > ?", page.after);
        let rows = select.page(&self.db, "medium_id", page.limit()).await?;
        let mut sounds = self.all_sounds().await?;
        rows.iter().map(|row| read(row, sounds.remove(&row.get("medium_id")?).unwrap_or_default())).collect()
    }

    /// Renames a sound, if nobody changed it since `rev`.
    pub async fn rename_medium(
        &self,
        id: MediumId,
        name: &str,
        rev: i64,
        now: Timestamp,
    ) -> Result<Kept<Medium>, Error> {
        let sql = "update medium set name = $3, updated_at = $4, rev = rev + 1 \
                   where medium_id = $1 and rev = $2 returning medium_id";
        if self.db.change(sql, args![id, rev, name, now]).await?.is_empty() {
            return Err(self.why_unchanged(NOUN, EXISTS, id.as_i64()).await);
        }
        self.medium(id).await?.ok_or(Error::NotFound(NOUN))
    }

    /// Gives a sound a file in one locale, in the place of the one that it had.
    pub async fn put_sound(
        &self,
        id: MediumId,
        locale: &str,
        sound: &SoundFile,
        now: Timestamp,
    ) -> Result<Kept<Medium>, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let touch =
            "update medium set updated_at = $2, rev = rev + 1 where medium_id = $1 returning medium_id";
        if tx.rows(touch, args![id, now]).await?.is_empty() {
            return Err(Error::NotFound(NOUN));
        }
        let sql = upsert!(
            "insert into sound (medium_id, locale, file, rate, duration, loudness, sha256, spoken, voice) \
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            "medium_id, locale",
            "set file = excluded.file, rate = excluded.rate, duration = excluded.duration, \
            loudness = excluded.loudness, sha256 = excluded.sha256, spoken = excluded.spoken, \
            voice = excluded.voice"
        );
        let duration = i64::try_from(sound.duration.as_millis()).unwrap_or(i64::MAX);
        let values = args![
            id,
            locale,
            &sound.file,
            sound.rate,
            duration,
            sound.loudness,
            &sound.sha256,
            sound.spoken.as_deref(),
            sound.voice.as_deref(),
        ];
        tx.execute(sql, values).await?;
        tx.commit().await?;
        self.medium(id).await?.ok_or(Error::NotFound(NOUN))
    }

    /// Removes a sound. A flow that still names it is refused at its next publishing.
    pub async fn delete_medium(&self, id: MediumId, rev: i64) -> Result<(), Error> {
        let sql = "delete from medium where medium_id = $1 and rev = $2 returning medium_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id.as_i64()).await),
        }
    }

    /// Every sound that has a file, for the engine.
    pub async fn playable_media(&self) -> Result<Vec<model::Medium>, Error> {
        let sounds = self.all_sounds().await?.into_iter();
        let playable = sounds.map(|(id, sounds)| {
            let sounds = sounds.into_iter();
            let sounds = sounds.map(|(locale, sound)| {
                let uri = format!("sound:{}/{}", self.sounds, sound.file);
                (locale, model::Sound { uri, length: sound.duration })
            });
            model::Medium { id, sounds: sounds.collect() }
        });
        Ok(playable.collect())
    }

    pub(super) async fn all_sounds(&self) -> Result<BTreeMap<MediumId, BTreeMap<String, SoundFile>>, Error> {
        let mut media: BTreeMap<MediumId, BTreeMap<String, SoundFile>> = BTreeMap::new();
        for row in self.db.rows("select * from sound order by medium_id, locale", args![]).await? {
            let (locale, sound) = read_sound(&row)?;
            media.entry(row.get("medium_id")?).or_default().insert(locale, sound);
        }
        Ok(media)
    }
}

fn read(row: &Row, sounds: BTreeMap<String, SoundFile>) -> Result<Kept<Medium>, Error> {
    Kept::read(row, Medium { id: row.get("medium_id")?, name: row.get("name")?, sounds })
}

fn read_sound(row: &Row) -> Result<(String, SoundFile), Error> {
    let sound = SoundFile {
        file: row.get("file")?,
        rate: row.get("rate")?,
        duration: Duration::from_millis(row.get("duration")?),
        loudness: row.get("loudness")?,
        sha256: row.get("sha256")?,
        spoken: row.get("spoken")?,
        voice: row.get("voice")?,
    };
    Ok((row.get("locale")?, sound))
}
