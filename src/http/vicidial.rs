//! What the settings of a VICIdial campaign would be here.

use std::collections::BTreeMap;

use cadran_engine::model::CampaignSettings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::{CampaignManager, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::Json;
use crate::vicidial;
use crate::words::Language;

/// VICIdial's table of campaigns has some three hundred columns.
const SETTINGS_MAX: usize = 500;

/// Settings of a VICIdial campaign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VicidialCampaign {
    /// By their names in VICIdial's table `vicidial_campaigns`, such as `dial_method`; texts or numbers.
    #[schema(value_type = Object)]
    vicidial: BTreeMap<String, serde_json::Value>,
}

/// The same campaign here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Translation {
    /// What `POST /api/campaigns` takes. Trunks, calling hours and dispositions are to be added.
    settings: CampaignSettings,
    /// A line for every setting that was given.
    report: Vec<ReportLine>,
}

/// What became of one setting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportLine {
    /// Its name in VICIdial.
    name: String,
    /// Whether it has a meaning here.
    understood: bool,
    /// The field of `settings` that it became; none where it always holds, or means nothing.
    field: Option<&'static str>,
    /// How it was translated, or why it means nothing here, in the language of the request.
    text: &'static str,
}

/// Translates the settings of a VICIdial campaign, and says of each what it became or why it means nothing here.
/// Nothing is kept.
#[utoipa::path(post, path = "/api/vicidial/campaign", tag = "campaigns",
    responses((status = 200, body = Translation)))]
pub(super) async fn translate(
    _: SignedIn<CampaignManager>,
    language: Language,
    Json(body): Json<VicidialCampaign>,
) -> Result<Json<Translation>, Error> {
    Check::default().count(body.vicidial.len(), SETTINGS_MAX, "/vicidial").done()?;
    let (settings, lines) = vicidial::translate(&body.vicidial);
    let line = |line: vicidial::Line<'_>| ReportLine {
        name: line.name.to_owned(),
        understood: line.understood,
        field: line.field,
        text: language.vicidial(line.remark.as_str()),
    };
    let report = lines.into_iter().map(line).collect();
    Ok(Json(Translation { settings, report }))
}
