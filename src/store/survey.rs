//! What callers answered when they were asked how it was.

use std::collections::BTreeMap;

use cadran_engine::model::{AgentId, CallId, MessageId, Timestamp};

use super::db::Select;
use super::value::{Row, args};
use super::{Error, Page, Store};

/// Different answers that are counted; a question that is answered in more ways is no scale.
const COUNTS_MAX: u16 = 10_000;

/// Which answers are wanted; without a value everything matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SurveyFilter {
    /// Of those whom this agent had last.
    pub agent: Option<AgentId>,
    /// Given at this moment or later.
    pub from: Option<Timestamp>,
    /// Of this survey, by the name that its flow gives it.
    pub survey: Option<String>,
    /// Given before this moment.
    pub until: Option<Timestamp>,
}

/// What somebody answered in one call.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyAnswers {
    /// In which call.
    pub call: CallId,
    /// Who had the call last; none until it is over.
    pub agent: Option<AgentId>,
    /// When the last answer was given.
    pub at: Timestamp,
    /// The answers, by survey and question.
    pub answers: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

/// How often something was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyCount {
    /// The survey.
    pub survey: String,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: serde_json::Value,
    /// How often.
    pub count: u64,
}

const CALLS: &str = "select given.call_id, given.answered_at, agent_id from \
    (select call_id, max(answered_at) as answered_at from survey_answer group by call_id) given \
    left join caller_call on caller_call.call_id = given.call_id";

const OF_CALL: &str = "select survey, question, answer from survey_answer \
    where call_id = $1 and ($2 is null or survey = $2)";

const ANSWER: &str = "select question from survey_answer \
    left join caller_call on caller_call.call_id = survey_answer.call_id";

/// Counted by windows, so that what narrows it can follow.
const ANSWERS: &str = "select distinct survey, question, cast(answer as text) as said, count(*) \
    over (partition by survey, question, cast(answer as text)) as count \
    from survey_answer left join caller_call on caller_call.call_id = survey_answer.call_id";

impl Store {
    /// Answers, call by call, the latest first. Whoever is confined to teams sees what was said of their agents.
    pub async fn survey_answers(
        &self,
        filter: &SurveyFilter,
        page: Page<CallId>,
    ) -> Result<Vec<SurveyAnswers>, Error> {
        let of_survey =
            "exists (select 1 from survey_answer where survey_answer.call_id = given.call_id and survey = ?)";
        let behind = "(given.answered_at, given.call_id) < \
            (select max(answered_at), call_id from survey_answer where call_id = ? group by call_id)";
        let select = Select::new(CALLS)
            .of_agents("agent_id", &self.scope)
            .narrow("agent_id = ?", filter.agent)
            .narrow("given.answered_at >= ?", filter.from)
            .narrow(of_survey, filter.survey.as_deref())
            .narrow("given.answered_at < ?", filter.until)
            .narrow(behind, page.after);
        let order = "given.answered_at desc, given.call_id desc";
        let mut given = Vec::new();
        for row in select.page(&self.db, order, page.limit()).await? {
            let call: CallId = row.get("call_id")?;
            let mut answers: BTreeMap<String, BTreeMap<_, _>> = BTreeMap::new();
            for row in self.db.rows(OF_CALL, args![call, filter.survey.as_deref()]).await? {
                let of_survey = answers.entry(row.get("survey")?).or_default();
                of_survey.insert(row.get("question")?, row.json("answer")?);
            }
            given.push(SurveyAnswers {
                call,
                agent: row.get("agent_id")?,
                at: row.get("answered_at")?,
                answers,
            });
        }
        Ok(given)
    }

    /// Whether this was said in answer to a question. Whoever is confined to teams knows what was said of their agents.
    pub async fn is_spoken_answer(&self, spoken: MessageId) -> Result<bool, Error> {
        let select = Select::new(ANSWER)
            .of_agents("agent_id", &self.scope)
            .narrow("cast(answer as text) = ?", Some(format!("\"{spoken}\"").as_str()));
        Ok(!select.page(&self.db, "question", 1).await?.is_empty())
    }

    /// How often each question of each survey was answered how, of the same answers.
    pub async fn survey_counts(&self, filter: &SurveyFilter) -> Result<Vec<SurveyCount>, Error> {
        let select = Select::new(ANSWERS)
            .of_agents("agent_id", &self.scope)
            .narrow("agent_id = ?", filter.agent)
            .narrow("survey_answer.answered_at >= ?", filter.from)
            .narrow("survey = ?", filter.survey.as_deref())
            .narrow("survey_answer.answered_at < ?", filter.until);
        let rows = select.page(&self.db, "survey, question, said", COUNTS_MAX).await?;
        rows.iter().map(read_count).collect()
    }
}

fn read_count(row: &Row) -> Result<SurveyCount, Error> {
    let said: String = row.get("said")?;
    let answer = serde_json::from_str(&said)
        .map_err(|error| Error::Corrupt { what: "survey_answer.answer", problem: error.to_string() })?;
    Ok(SurveyCount {
        survey: row.get("survey")?,
        question: row.get("question")?,
        answer,
        count: row.get("count")?,
    })
}
