//! What a check of a flow found, with its sentences.

use std::collections::BTreeMap;

use cadran_engine::flow::finding::{Finding, Patch, Severity};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::words::{Language, fill};

/// A finding of a check, with its sentences.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WordedFinding {
    /// Which rule is broken.
    pub code: &'static str,
    /// `error`: the flow cannot be published; `warning`: it can.
    #[schema(value_type = String)]
    pub severity: Severity,
    /// The smallest element that is wrong, as a JSON pointer (RFC 6901).
    pub path: String,
    /// The node it belongs to.
    pub node: Option<String>,
    /// The field of the node.
    pub field: Option<String>,
    /// The key of the sentences.
    pub msg_key: String,
    /// What fills the places of the sentences.
    pub args: BTreeMap<&'static str, String>,
    /// What would mend it (RFC 6902), when that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub fix: Vec<Patch>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

impl WordedFinding {
    /// A finding in a language.
    pub fn new(finding: Finding, language: Language) -> Self {
        let phrases = language.finding(&finding.msg_key);
        let values: Vec<(&str, String)> =
            finding.args.iter().map(|(name, value)| (*name, value.clone())).collect();
        Self {
            message: fill(&phrases.detail, &values),
            advice: fill(&phrases.fix, &values),
            code: finding.code.as_str(),
            severity: finding.severity,
            path: finding.path,
            node: finding.node,
            field: finding.field,
            msg_key: finding.msg_key,
            args: finding.args,
            fix: finding.fix,
        }
    }

    /// Findings in a language.
    pub fn all(findings: Vec<Finding>, language: Language) -> Vec<Self> {
        findings.into_iter().map(|finding| Self::new(finding, language)).collect()
    }
}

/// Findings as they are kept with a revision: without sentences, which every reader gets in their own language.
pub fn report(findings: &[Finding]) -> Json {
    serde_json::to_value(findings).unwrap_or_default()
}
