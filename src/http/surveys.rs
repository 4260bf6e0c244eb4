//! What callers answered when they were asked how it was.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use cadran_engine::model::{AgentId, CallId, MessageId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{PlaysRecordings, SignedIn, Staff};
use super::error::Error;
use super::extract::{Json, Listing, Path, Query, page};
use super::messages;
use crate::store::{SurveyAnswers, SurveyCount, SurveyFilter};

/// What somebody answered in one call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SurveyAnswers)]
pub(super) struct AnswersBody {
    /// In which call.
    call: CallId,
    /// Who had the call last; none until it is over.
    agent: Option<AgentId>,
    /// When the last answer was given, in milliseconds since 1970.
    at: i64,
    /// The answers: by the name that its flow gives a survey, then by question. One that was spoken is a name such as
    /// `msg_...`, which stands for its sound.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, Object>>)]
    answers: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

/// How often something was answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SurveyCount)]
pub(super) struct CountBody {
    survey: String,
    question: String,
    #[schema(value_type = Object)]
    answer: serde_json::Value,
    count: u64,
}

/// Which answers are wanted. Times are in milliseconds since 1970.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SurveyQuery {
    /// Of this survey.
    survey: Option<String>,
    /// Of those whom this agent had last.
    agent: Option<AgentId>,
    /// Given then or later.
    from: Option<i64>,
    /// Given before.
    until: Option<i64>,
    /// `next` of the page before; without it the first page.
    after: Option<CallId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

impl SurveyQuery {
    fn filter(&self) -> SurveyFilter {
        SurveyFilter {
            agent: self.agent,
            from: self.from.map(Timestamp::from_millis),
            survey: self.survey.clone(),
            until: self.until.map(Timestamp::from_millis),
        }
    }
}

/// Lists what callers answered in surveys, call by call, the latest first.
#[utoipa::path(get, path = "/api/survey-answers", tag = "inbound", params(SurveyQuery),
    responses((status = 200, body = Listing<AnswersBody>)))]
pub(super) async fn answers(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<SurveyQuery>,
) -> Result<Json<Listing<AnswersBody>>, Error> {
    let page = page(query.after, query.limit);
    let given = session.store(&app).survey_answers(&query.filter(), page).await?;
    Ok(Listing::of(&page, given, |row: &SurveyAnswers| row.call, answers_body))
}

/// How often each question of each survey was answered how.
#[utoipa::path(get, path = "/api/survey-answers/counts", tag = "inbound", params(SurveyQuery),
    responses((status = 200, body = Vec<CountBody>)))]
pub(super) async fn counts(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<SurveyQuery>,
) -> Result<Json<Vec<CountBody>>, Error> {
    let counts = session.store(&app).survey_counts(&query.filter()).await?;
    let body =
        |SurveyCount { survey, question, answer, count }| CountBody { survey, question, answer, count };
    Ok(Json(counts.into_iter().map(body).collect()))
}

/// The sound of an answer that was spoken.
#[utoipa::path(get, path = "/api/survey-answers/sounds/{message}", tag = "inbound",
    params(("message" = MessageId, Path)),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>)))]
pub(super) async fn listen(
    session: SignedIn<PlaysRecordings>,
    State(app): State<App>,
    Path(spoken): Path<MessageId>,
) -> Result<Response, Error> {
    if !session.store(&app).is_spoken_answer(spoken).await? {
        return Err(Error::not_found("spoken answer", spoken));
    }
    messages::sound(&app, &format!("{spoken}.wav")).await
}

fn answers_body(given: SurveyAnswers) -> AnswersBody {
    let SurveyAnswers { call, agent, at, answers } = given;
    AnswersBody { call, agent, at: at.as_millis(), answers }
}
