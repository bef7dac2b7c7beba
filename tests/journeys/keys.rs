//! Keys in a real Secret Service: a private bus and a private gnome-keyring around each test.

use std::process::Command;
use std::time::{Duration, Instant};

use parlance_app::keys::{KeyError, KeyPlace, KeyringStatus, Keys, Patience};
use parlance_core::{ApiKey, Origin, Secret};
use url::Url;

use crate::support::virtual_keyring::VIRTUAL_KEYRING;

const HOME: &str = "https://api.example.com/v1";

/// Plays a test on the stage with an async body.
#[track_caller]
fn play<F: Future<Output = ()>>(name: &str, options: &[&str], body: impl FnOnce() -> F) {
    VIRTUAL_KEYRING.play(&format!("keys::{name}"), options, || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(body());
    });
}

fn impatient() -> Keys {
    Keys::new(Patience { call: Duration::from_secs(5), ..Patience::default() })
}

fn origin(url: &str) -> Origin {
    Origin::of(&Url::parse(url).unwrap()).unwrap()
}

fn secret(word: &str) -> Secret {
    Secret::new(word.to_owned()).unwrap_or_else(|_| panic!("a good key"))
}

fn word(key: Option<ApiKey>) -> Option<String> {
    key.map(|key| key.expose_for(&Url::parse(HOME).unwrap()).unwrap().to_owned())
}

/// A verb of the script: `lock`, `unlock`, `stop-service`, `start-service`.
fn keyring(verb: &str) {
    let script = std::env::var_os("VK").unwrap();
    assert!(Command::new(script).arg(verb).status().unwrap().success(), "{verb}");
}

/// A daemon that does not run until this is dropped: the stage could not be taken down around a stopped one.
struct Stopped;

impl Stopped {
    fn now() -> Self {
        signal_daemon("-STOP");
        Self
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal_daemon("-CONT");
    }
}

fn signal_daemon(signal: &str) {
    let folder = std::env::var("VK_DIR").unwrap();
    let pid = std::fs::read_to_string(format!("{folder}/service.pid")).unwrap();
    assert!(Command::new("kill").args([signal, pid.trim()]).status().unwrap().success());
}

#[test]
fn a_key_is_saved_read_replaced_and_forgotten() {
    play("a_key_is_saved_read_replaced_and_forgotten", &[], || async {
        let (keys, home) = (impatient(), origin(HOME));
        assert_eq!(keys.status().await, KeyringStatus::Ready);
        assert_eq!(word(keys.get("openai", &home).await.unwrap()), None);
        assert_eq!(keys.place("openai", &home).await.unwrap(), KeyPlace::Nowhere);

        keys.set("openai", &home, secret("sk-canary-1")).await.unwrap();
        keys.set("openai", &home, secret("sk-canary-2")).await.unwrap();
        let started_later = impatient();
        assert_eq!(word(started_later.get("openai", &home).await.unwrap()).as_deref(), Some("sk-canary-2"));
        assert_eq!(started_later.place("openai", &home).await.unwrap(), KeyPlace::Keyring);
        for elsewhere in ["https://api.example.com:8443", "http://api.example.com", "https://evil.test"] {
            assert!(keys.get("openai", &origin(elsewhere)).await.unwrap().is_none(), "{elsewhere}");
        }
        assert!(keys.get("other", &home).await.unwrap().is_none());

        keys.forget("openai", &home).await.unwrap();
        assert_eq!(word(started_later.get("openai", &home).await.unwrap()), None);
        keys.forget("openai", &home).await.unwrap();
    });
}

#[test]
fn a_locked_keyring_refuses_and_loses_nothing() {
    play("a_locked_keyring_refuses_and_loses_nothing", &[], || async {
        let (keys, home) = (impatient(), origin(HOME));
        keys.set("openai", &home, secret("sk-canary")).await.unwrap();
        keyring("lock");
        assert_eq!(keys.status().await, KeyringStatus::Locked);
        let read = keys.get("openai", &home).await.map(word);
        assert!(matches!(read, Err(KeyError::Locked)), "{read:?}");
        let replaced = keys.set("openai", &home, secret("sk-other")).await;
        assert!(matches!(replaced, Err(KeyError::Locked)), "{replaced:?}");
        let forgotten = keys.forget("openai", &home).await;
        assert!(matches!(forgotten, Err(KeyError::Locked)), "{forgotten:?}");

        keys.set_for_session("openai", &home, secret("sk-session"));
        assert_eq!(word(keys.get("openai", &home).await.unwrap()).as_deref(), Some("sk-session"));
        assert!(keys.forget("openai", &home).await.is_err(), "the keyring's own key is still there");

        keyring("unlock");
        assert_eq!(keys.status().await, KeyringStatus::Ready);
        assert_eq!(word(keys.get("openai", &home).await.unwrap()).as_deref(), Some("sk-canary"));
    });
}

#[test]
fn without_a_service_there_is_a_session_until_one_starts() {
    play("without_a_service_there_is_a_session_until_one_starts", &["--no-service"], || async {
        let (keys, home) = (impatient(), origin(HOME));
        check_absent(&keys).await;
        keyring("start-service");
        assert_eq!(keys.status().await, KeyringStatus::Ready);
        keys.set("openai", &home, secret("sk-canary")).await.unwrap();
        assert_eq!(word(keys.get("openai", &home).await.unwrap()).as_deref(), Some("sk-canary"));
    });
}

#[test]
fn without_a_bus_there_is_a_session() {
    play("without_a_bus_there_is_a_session", &["--no-bus"], || async { check_absent(&impatient()).await });
}

async fn check_absent(keys: &Keys) {
    let home = origin(HOME);
    let asked = Instant::now();
    assert_eq!(keys.status().await, KeyringStatus::Absent);
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    let kept = keys.set("openai", &home, secret("sk-canary")).await;
    assert!(matches!(kept, Err(KeyError::Absent { .. })), "{kept:?}");
    assert!(!kept.unwrap_err().to_string().contains("canary"));

    keys.set_for_session("openai", &home, secret("sk-session"));
    assert_eq!(word(keys.get("openai", &home).await.unwrap()).as_deref(), Some("sk-session"));
    keys.forget("openai", &home).await.unwrap();
    assert!(matches!(keys.get("openai", &home).await.map(word), Err(KeyError::Absent { .. })));
}

#[test]
fn a_restarted_service_is_found_again_by_the_same_keys() {
    play("a_restarted_service_is_found_again_by_the_same_keys", &[], || async {
        let (keys, home) = (impatient(), origin(HOME));
        keys.set("openai", &home, secret("sk-canary")).await.unwrap();
        keyring("stop-service");
        keyring("start-service");
        assert_eq!(word(keys.get("openai", &home).await.unwrap()).as_deref(), Some("sk-canary"), "unnoticed restart");

        keyring("stop-service");
        let read = keys.get("openai", &home).await.map(word);
        assert!(matches!(read, Err(KeyError::Absent { .. })), "{read:?}");
        keyring("start-service");
        assert_eq!(word(keys.get("openai", &home).await.unwrap()).as_deref(), Some("sk-canary"), "noticed restart");
    });
}

#[test]
fn a_hanging_service_is_waited_for_so_long_and_no_longer() {
    play("a_hanging_service_is_waited_for_so_long_and_no_longer", &[], || async {
        let keys = Keys::new(Patience {
            status: Duration::from_secs(1),
            call: Duration::from_secs(2),
            notice: Duration::from_millis(200),
        });
        let home = origin(HOME);
        keys.set("openai", &home, secret("sk-canary")).await.unwrap();
        let stopped = Stopped::now();

        let asked = Instant::now();
        assert_eq!(keys.status().await, KeyringStatus::NotAnswering);
        let mut waiting = keys.waiting();
        // The borrow that `wait_for` gives must not outlive the look.
        let shown = async { waiting.wait_for(|count| *count > 0).await.is_ok() };
        let (read, shown) = tokio::join!(keys.get("openai", &home), shown);
        assert!(shown, "it is shown that the keyring is waited for");
        assert!(matches!(read.map(word), Err(KeyError::NotAnswering { .. })));
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        assert_eq!(*keys.waiting().borrow(), 0);

        // Whoever stops waiting is not held up either.
        let cancelled = Instant::now();
        assert!(tokio::time::timeout(Duration::from_millis(300), keys.get("openai", &home)).await.is_err());
        assert!(cancelled.elapsed() < Duration::from_secs(1));
        assert_eq!(*keys.waiting().borrow(), 0);

        // A service that never answers does not take a thread for each call.
        for _ in 0..4 {
            assert!(keys.get("openai", &home).await.is_err());
        }
        let refused = Instant::now();
        assert!(matches!(keys.get("openai", &home).await.map(word), Err(KeyError::NotAnswering { .. })));
        assert!(refused.elapsed() < Duration::from_millis(500), "{:?}", refused.elapsed());

        drop(stopped);
        let back = tokio::time::timeout(Duration::from_secs(10), async {
            loop {
                match keys.get("openai", &home).await {
                    Ok(key) => return word(key),
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        assert_eq!(back.await.unwrap().as_deref(), Some("sk-canary"));
    });
}
