//! Settings of campaigns that differ from those of a journal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cadran_engine::model::{Campaign, CampaignSettings};
use serde_json::Value;

use super::facts::{Facts, Happening};

/// Every campaign that has no settings of its own in the file.
const ALL: &str = "*";

/// What differs, by campaign.
#[derive(Clone, Debug)]
pub struct OtherSettings {
    file: PathBuf,
    /// By the id of the campaign, or [`ALL`].
    campaigns: BTreeMap<String, Value>,
}

impl OtherSettings {
    /// Reads a file: TOML by its name, otherwise JSON.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| {
            format!("{} cannot be read; check the path and the permissions", file.display())
        })?;
        Self::read(file, &text)
    }

    /// The same from a text.
    pub fn read(file: &Path, text: &str) -> anyhow::Result<Self> {
        let is_toml = file.extension().is_some_and(|extension| extension == "toml");
        let campaigns: BTreeMap<String, Value> = if is_toml {
            toml::from_str(text)?
        } else {
            serde_json::from_str(text).with_context(|| shape(file))?
        };
        if campaigns.is_empty() || !campaigns.values().all(Value::is_object) {
            bail!("{}", shape(file));
        }
        Ok(Self { file: file.to_owned(), campaigns })
    }

    /// Changes every settings that the day was told.
    pub(super) fn change(&self, facts: &mut Facts) -> anyhow::Result<()> {
        let mut missing: Vec<&str> = self.campaigns.keys().map(String::as_str).collect();
        for (_, happening) in &mut facts.happenings {
            if let Happening::Settings(settings) = happening {
                for campaign in &mut settings.campaigns {
                    let id = campaign.id.to_string();
                    let named =
                        self.campaigns.get_key_value(&id).or_else(|| self.campaigns.get_key_value(ALL));
                    if let Some((name, wanted)) = named {
                        missing.retain(|other| other != name);
                        self.change_one(campaign, wanted)?;
                    }
                }
            }
        }
        match missing.first() {
            None => Ok(()),
            Some(unknown) => bail!("{}: the journal has no campaign `{unknown}`", self.file.display()),
        }
    }

    fn change_one(&self, campaign: &mut Campaign, wanted: &Value) -> anyhow::Result<()> {
        let mut settings = serde_json::to_value(&campaign.settings)?;
        merge(&mut settings, wanted);
        campaign.settings = serde_json::from_value::<CampaignSettings>(settings)
            .with_context(|| format!("{}: settings of {}", self.file.display(), campaign.id))?;
        Ok(())
    }
}

/// What such a file looks like.
fn shape(file: &Path) -> String {
    format!(
        "{} is no file of settings; write campaigns by their id, as in {{\"cmp_1\": {{\"mode\": {{\"kind\": \"progressive\"}}}}}}",
        file.display()
    )
}

/// A JSON merge patch (RFC 7396), but that a table with a `kind` replaces the whole: its other keys depend on the kind.
fn merge(settings: &mut Value, wanted: &Value) {
    match (settings, wanted) {
        (Value::Object(known), Value::Object(wanted)) if !wanted.contains_key("kind") => {
            for (key, value) in wanted {
                merge(known.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (settings, wanted) => *settings = wanted.clone(),
    }
}
