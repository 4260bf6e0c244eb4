//! Decides where a call goes. In `extensions.conf`:
//!
//! ```text
//! exten => _X.,1,AGI(agi://127.0.0.1:4573/route?shop=paris)
//!  same => n,GotoIf($["${DESTINATION}" = ""]?closed)   ; the script is away or failed
//!  same => n,Goto(${DESTINATION})
//!  same => n(closed),Playback(vm-goodbye)
//! ```

use agi::{Connection, Request, Result, Server};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let server = Server::bind("127.0.0.1:4573").await?;
    let stopped = server.serve(answer, interrupted()).await;
    std::process::exit(i32::from(stopped.cut_off > 0));
}

async fn answer(request: Request, connection: Connection) -> Result<()> {
    match request.script().path() {
        "route" => route(request, connection).await,
        "menu" => menu(connection).await,
        // Ending without a destination sends the call to the dialplan's fallback.
        _ => Ok(()),
    }
}

async fn route(request: Request, mut connection: Connection) -> Result<()> {
    let destination = match request.script().value("shop").as_deref() {
        Some("paris") => "shops,paris,1",
        _ => "shops,main,1",
    };
    connection.set_variable("DESTINATION", destination).await
}

async fn menu(mut connection: Connection) -> Result<()> {
    connection.answer().await?;
    let choice = connection.get_data("vm-options", None, 1).await?;
    connection.verbose(&format!("{} keys pressed", choice.digits.len()), 3).await?;
    connection.set_variable("CHOICE", &choice.digits).await
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a way to be interrupted, run until killed.
        std::future::pending::<()>().await;
    }
}
