//! Runs one test again as a process of its own in user and mount namespaces, where it may mount a small disk without
//! being root. Where the system forbids that, NOT RUN is printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Tells the inner process that it is inside, and where its disk is.
const DISK: &str = "PARLANCE_TEST_DISK";

/// Runs `body` with a fresh disk of so many MiB. `name` is the test's full name; `prepare` are words of a shell before
/// it, such as a limit.
#[track_caller]
pub(crate) fn on_a_small_disk(name: &str, mib: u32, prepare: &str, body: impl AsyncFnOnce(PathBuf)) {
    if let Some(disk) = std::env::var_os(DISK) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(body(PathBuf::from(disk)));
    }
    let possible = Command::new("unshare")
        .args(["-Urm", "sh", "-c", "mount -t tmpfs -o size=1m test /mnt"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !possible {
        println!("NOT RUN: {name} needs user namespaces");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script =
        format!("mount -t tmpfs -o size={mib}m,mode=0755 test \"${DISK}\" && {{ {prepare}\nexec \"$0\" \"$@\"; }}");
    let output = Command::new("unshare")
        .args(["-Urm", "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(DISK, folder.path())
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("test result: ok. 1 passed"), "{text}");
}

/// Lets nothing more be written to the disk, or again.
pub(crate) fn remount(disk: &Path, how: &str) {
    assert!(Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(disk).status().unwrap().success());
}

/// Fills a disk to its last byte.
pub(crate) fn fill(disk: &Path) -> PathBuf {
    use std::io::Write as _;

    let filler = disk.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    for block in [1 << 20, 4096, 1] {
        let bytes = vec![7; block];
        while file.write_all(&bytes).is_ok() {}
    }
    filler
}
