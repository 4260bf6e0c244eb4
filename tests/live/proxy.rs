//! A TCP proxy that fails as networks do: it cuts with a reset, or falls silent without a word.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    /// Everything.
    Fair,
    /// Nothing: connections are reset, and so are those that are tried.
    Cut,
    /// Nothing: connections stay, and what is sent is never answered.
    Silent,
}

/// A way to one server that can be cut, silenced and restored.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    weather: watch::Sender<Weather>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Forwards connections to `upstream` from a free port of loopback.
    pub(crate) async fn to(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (weather, seen) = watch::channel(Weather::Fair);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, upstream, seen.clone()));
            }
        });
        Self { address, weather, task }
    }

    /// Resets every connection, and those that are tried until [`Proxy::restore`].
    pub(crate) fn cut(&self) {
        self.weather.send_replace(Weather::Cut);
    }

    /// Lets nothing through any more; to both ends it looks as if the other had nothing to say.
    pub(crate) fn silence(&self) {
        self.weather.send_replace(Weather::Silent);
    }

    /// Lets everything through again.
    pub(crate) fn restore(&self) {
        self.weather.send_replace(Weather::Fair);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut client: TcpStream, upstream: SocketAddr, mut weather: watch::Receiver<Weather>) {
    if *weather.borrow() == Weather::Cut {
        return reset(&client);
    }
    // While it is silent a connection is taken, as by a host whose answers are lost, and waits.
    if weather.wait_for(|now| *now != Weather::Silent).await.is_err() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        return reset(&client);
    };
    let was_cut = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::select! {
            () = forward(from_client, to_server, weather.clone()) => false,
            () = forward(from_server, to_client, weather.clone()) => false,
            cut = weather.wait_for(|now| *now == Weather::Cut) => cut.is_ok(),
        }
    };
    if was_cut {
        reset(&client);
        reset(&server);
    }
}

/// Forwards until one end closes. In silence nothing is read, so that the sender's bytes wait in its own buffers.
async fn forward(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut weather: watch::Receiver<Weather>) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let Ok(count) = from.read(&mut buffer).await else { return };
        if count == 0 || weather.wait_for(|now| *now == Weather::Fair).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// A socket that is closed without waiting for its last bytes is closed with a reset (RFC 9293 §3.10.7).
fn reset(stream: &TcpStream) {
    // It fails on a socket that is gone already, which is what is wanted.
    let _ = stream.set_zero_linger();
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// A server that answers every byte with the same byte.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        address
    }

    async fn ask(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_u8(7).await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn a_cut_is_a_reset_and_lasts_until_it_is_restored() {
        let proxy = Proxy::to(echo().await).await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(ask(&mut stream).await.unwrap(), 7);
        proxy.cut();
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        let mut another = TcpStream::connect(proxy.address).await.unwrap();
        assert!(ask(&mut another).await.is_err());
        proxy.restore();
        let mut third = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(ask(&mut third).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn silence_closes_nothing_and_answers_nothing() {
        let proxy = Proxy::to(echo().await).await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(ask(&mut stream).await.unwrap(), 7);
        proxy.silence();
        let silent = timeout(Duration::from_millis(200), ask(&mut stream)).await;
        assert!(silent.is_err(), "answered in silence: {silent:?}");
        proxy.restore();
        assert_eq!(stream.read_u8().await.unwrap(), 7);
    }
}
