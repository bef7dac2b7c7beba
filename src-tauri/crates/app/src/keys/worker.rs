//! The thread that talks to the keyring. A call may hang for good (a prompt nobody answers, a stopped daemon), so the
//! thread can be left behind; it never holds up the end of the program, as a blocking task of the runtime would.

use std::sync::mpsc;
use std::sync::{Arc, Weak};
use std::thread;

use tokio::sync::oneshot;

use super::KeyError;
use super::ring::Ring;

/// No more threads than this hang at the same time: then the keyring is as good as gone.
const MOST_HANGING: usize = 4;

type Job = Box<dyn FnOnce(&mut Ring) + Send>;

/// Names a thread, so that only the one that hung is left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(u64);

#[derive(Default)]
pub(super) struct Worker {
    jobs: Option<mpsc::Sender<Job>>,
    current: u64,
    /// Alive as long as their threads.
    left_behind: Vec<Weak<()>>,
    alive: Weak<()>,
}

impl Worker {
    /// Hands a job to the thread, starting one if there is none. `None` when too many hang already. A job whose receiver
    /// was dropped before its turn came is not done.
    pub(super) fn send<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut Ring) -> Result<T, KeyError> + Send + 'static,
    ) -> Option<(Ticket, oneshot::Receiver<Result<T, KeyError>>)> {
        let (answer, receiver) = oneshot::channel();
        let job: Job = Box::new(move |ring| {
            if !answer.is_closed() {
                let _ = answer.send(job(ring));
            }
        });
        let job = match &self.jobs {
            Some(jobs) => match jobs.send(job) {
                Ok(()) => return Some((Ticket(self.current), receiver)),
                Err(mpsc::SendError(job)) => job,
            },
            None => job,
        };
        let jobs = self.start()?;
        jobs.send(job).ok()?;
        self.jobs = Some(jobs);
        Some((Ticket(self.current), receiver))
    }

    /// Leaves the thread behind that this ticket names; it ends when what it hangs in returns.
    pub(super) fn abandon(&mut self, ticket: Ticket) {
        if ticket == Ticket(self.current) && self.jobs.take().is_some() {
            self.left_behind.push(std::mem::take(&mut self.alive));
        }
    }

    fn start(&mut self) -> Option<mpsc::Sender<Job>> {
        self.left_behind.retain(|thread| thread.strong_count() > 0);
        if self.left_behind.len() >= MOST_HANGING {
            return None;
        }
        let (jobs, todo) = mpsc::channel::<Job>();
        let token = Arc::new(());
        self.alive = Arc::downgrade(&token);
        self.current += 1;
        let started = thread::Builder::new().name("keyring".to_owned()).spawn(move || {
            let _alive = token;
            let mut ring = Ring::default();
            for job in todo {
                job(&mut ring);
            }
        });
        started.ok().map(|_| jobs)
    }
}
