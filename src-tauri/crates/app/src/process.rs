//! What a host does first: nothing of ours is readable by other people of this computer, and a crash leaves no copy of
//! the memory.

/// Makes files private from the start and switches core files off. Call it before any thread starts.
pub fn harden() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        use rustix::process::{Resource, Rlimit, setrlimit, umask};

        umask(Mode::RWXG | Mode::RWXO);
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        // A system that forbids lowering a limit has already forbidden more than this.
        let _ = setrlimit(Resource::Core, none);
    }
}
