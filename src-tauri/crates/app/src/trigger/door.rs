//! Where orders come in: a socket in this user's own folder for running programs, on Windows a pipe.

use std::io;

use crate::paths::Paths;

/// A name that two programs find for the same data folder.
fn name(paths: &Paths) -> String {
    // FNV-1a: the hasher of the standard library may change from one build to the next.
    let hash = paths
        .root()
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("parlance-{hash:016x}")
}

#[cfg(unix)]
pub(super) use unix::{Door, knock};

#[cfg(windows)]
pub(super) use windows::{Door, knock};

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::path::PathBuf;

    use tokio::net::{UnixListener, UnixStream};

    use super::{Paths, io, name};

    /// The address of a socket has room for so many bytes on every Unix.
    const LONGEST_ADDRESS: usize = 100;

    /// The folder for running programs, which the system keeps from others; else the data folder, which we do.
    fn address(paths: &Paths) -> PathBuf {
        let file = format!("{}.sock", name(paths));
        let here = dirs::runtime_dir().unwrap_or_else(|| paths.root().to_owned()).join(&file);
        if here.as_os_str().len() <= LONGEST_ADDRESS { here } else { std::env::temp_dir().join(file) }
    }

    pub(in super::super) struct Door {
        listener: UnixListener,
        address: PathBuf,
    }

    impl Door {
        pub(in super::super) fn open(paths: &Paths) -> io::Result<Self> {
            let address = address(paths);
            let listener = match UnixListener::bind(&address) {
                Ok(listener) => listener,
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    // Somebody answers, or it was left behind by a crash.
                    if std::os::unix::net::UnixStream::connect(&address).is_ok() {
                        return Err(error);
                    }
                    fs::remove_file(&address)?;
                    UnixListener::bind(&address)?
                }
                Err(error) => return Err(error),
            };
            // Private by the umask already; said again for hosts that did not set it.
            fs::set_permissions(&address, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            Ok(Self { listener, address })
        }

        pub(in super::super) async fn next(&mut self) -> io::Result<UnixStream> {
            let (caller, _) = self.listener.accept().await?;
            Ok(caller)
        }
    }

    impl Drop for Door {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.address);
        }
    }

    pub(in super::super) async fn knock(paths: &Paths) -> io::Result<UnixStream> {
        UnixStream::connect(address(paths)).await
    }
}

/// Not tried: there was no Windows to try it on.
#[cfg(windows)]
mod windows {
    use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

    use super::{Paths, io, name};

    fn address(paths: &Paths) -> String {
        format!(r"\\.\pipe\{}", name(paths))
    }

    pub(in super::super) struct Door {
        waiting: NamedPipeServer,
        address: String,
    }

    impl Door {
        pub(in super::super) fn open(paths: &Paths) -> io::Result<Self> {
            let address = address(paths);
            let waiting =
                ServerOptions::new().first_pipe_instance(true).reject_remote_clients(true).create(&address)?;
            Ok(Self { waiting, address })
        }

        pub(in super::super) async fn next(&mut self) -> io::Result<NamedPipeServer> {
            self.waiting.connect().await?;
            let next = ServerOptions::new().reject_remote_clients(true).create(&self.address)?;
            Ok(std::mem::replace(&mut self.waiting, next))
        }
    }

    pub(in super::super) async fn knock(paths: &Paths) -> io::Result<NamedPipeClient> {
        ClientOptions::new().open(address(paths))
    }
}
