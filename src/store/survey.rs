//! What callers answered when they were asked how it was.

use cadran_engine::model::{AgentId, CallId, Timestamp};

use super::db::Select;
use super::value::{Row, args};
use super::{Error, Page, Store};

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

/// What somebody answered in one survey.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyAnswers {
    /// In which call.
    pub call: CallId,
    /// The survey.
    pub survey: String,
    /// Who had the call last; none until it is over.
    pub agent: Option<AgentId>,
    /// When.
    pub at: Timestamp,
    /// The answers, by their questions.
    pub answers: Vec<(String, serde_json::Value)>,
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

const GIVEN: &str = "select * from (select distinct answered.call_id, survey, answered_at, agent_id \
    from survey_answer answered left join caller_call on caller_call.call_id = answered.call_id) given";

const ONE: &str =
    "select question, answer from survey_answer where call_id = $1 and survey = $2 order by question";

const COUNTS: &str = "select survey, question, answer, count(*) as count from survey_answer answered \
    left join caller_call on caller_call.call_id = answered.call_id \
    where ($1 is null or survey = $1) and ($2 is null or agent_id = $2) \
    and answered_at >= $3 and answered_at < $4 \
    group by survey, question, answer order by survey, question, answer";

impl Store {
    /// Answers, one row for each call and survey, the latest first.
    pub async fn survey_answers(
        &self,
        filter: &SurveyFilter,
        page: Page<CallId>,
    ) -> Result<Vec<SurveyAnswers>, Error> {
        let behind = "(answered_at, call_id) < \
            (select answered_at, call_id from survey_answer where call_id = ? limit 1)";
        let select = Select::new(GIVEN)
            .narrow("agent_id = ?", filter.agent)
            .narrow("answered_at >= ?", filter.from)
            .narrow("survey = ?", filter.survey.as_deref())
            .narrow("answered_at < ?", filter.until)
            .narrow(behind, page.after);
        let rows = select.page(&self.db, "answered_at desc, call_id desc", page.limit()).await?;
        let mut given = Vec::with_capacity(rows.len());
        for row in &rows {
            let (call, survey): (CallId, String) = (row.get("call_id")?, row.get("survey")?);
            let answers = self.db.rows(ONE, args![call, &survey]).await?;
            let answers: Result<Vec<_>, Error> = answers.iter().map(read_answer).collect();
            let (agent, at) = (row.get("agent_id")?, row.get("answered_at")?);
            given.push(SurveyAnswers { call, survey, agent, at, answers: answers? });
        }
        Ok(given)
    }

    /// How often each question of each survey was answered how.
    pub async fn survey_counts(&self, filter: &SurveyFilter) -> Result<Vec<SurveyCount>, Error> {
        let from = filter.from.unwrap_or_default();
        let until = filter.until.unwrap_or(Timestamp::from_millis(i64::MAX));
        let values = args![filter.survey.as_deref(), filter.agent, from, until];
        let rows = self.db.rows(COUNTS, values).await?;
        rows.iter()
            .map(|row| {
                let (question, answer) = read_answer(row)?;
                Ok(SurveyCount { survey: row.get("survey")?, question, answer, count: row.get("count")? })
            })
            .collect()
    }
}

fn read_answer(row: &Row) -> Result<(String, serde_json::Value), Error> {
    Ok((row.get("question")?, row.json("answer")?))
}
