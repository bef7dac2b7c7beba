//! Addresses at which nobody answers: one that refuses, one that lets a caller wait.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// An address of this machine that refuses connections: a port that was free a moment ago.
///
/// # Errors
/// When the system gives no port.
pub async fn refusing() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0").await?.local_addr()
}

/// A listener that accepts nobody and whose queue is full, so that connecting to it hangs.
#[derive(Debug)]
pub struct Deaf {
    listener: TcpListener,
    /// Fill the queue.
    _waiting: Vec<TcpStream>,
}

impl Deaf {
    /// Opens it and fills its queue.
    ///
    /// # Errors
    /// When the system gives no port.
    pub async fn open() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = socket.listen(1)?;
        let address = listener.local_addr()?;
        let mut waiting = Vec::new();
        // How many fit is the system's business: go on until one does not.
        while let Ok(stream) =
            tokio::time::timeout(std::time::Duration::from_millis(200), TcpStream::connect(address)).await
        {
            waiting.push(stream?);
        }
        Ok(Self { listener, _waiting: waiting })
    }

    /// Where connecting hangs.
    ///
    /// # Errors
    /// When the system does not know its own socket.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
