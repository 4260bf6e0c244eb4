//! What a user of this crate writes: the script.

use crate::{Connection, Request};

/// Why a script ended early. Any error type fits; the server logs it.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// Answers requests. Async functions and closures `Fn(Request, Connection) -> Future<Result<(), E>>` are handlers.
///
/// The conversation ends when the future is done, or is dropped because of [`crate::limits::IDLE_TIME_MAX`] or the
/// end of the server. A panic ends that one conversation.
pub trait Handler: Send + Sync + 'static {
    /// Runs one script. An error is logged with its message, which must therefore hold no personal data.
    fn handle(
        &self,
        request: Request,
        connection: Connection,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;
}

impl<F, Answer, E> Handler for F
where
    F: Fn(Request, Connection) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<(), E>> + Send,
    E: Into<HandlerError>,
{
    async fn handle(&self, request: Request, connection: Connection) -> Result<(), HandlerError> {
        self(request, connection).await.map_err(Into::into)
    }
}
