//! What the machine has to have, and how to get it.

use std::fs;
use std::path::Path;

use crate::say::{Done, Failed, output, step};

/// Whether to install what is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Install {
    /// Install it.
    Missing,
    /// Only list it, then stop if anything is missing.
    OnlyList,
}

/// What the packages are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To build the app and open it.
    Build,
    /// To run it without a display and a sound card.
    Headless,
    /// To test it.
    Test,
}

/// Debian's packages and what each is for. Ubuntu names them alike.
const PACKAGES: &[(Purpose, &str, &str)] = &[
    (Purpose::Build, "build-essential", "C code inside Rust libraries"),
    (Purpose::Build, "pkg-config", "finding libraries"),
    (Purpose::Build, "libwebkit2gtk-4.1-dev", "the window"),
    (Purpose::Build, "librsvg2-dev", "the window's icons"),
    (Purpose::Build, "libasound2-dev", "sound"),
    (Purpose::Headless, "xvfb", "a virtual display"),
    (Purpose::Headless, "xauth", "a virtual display"),
    (Purpose::Headless, "xdotool", "pressing keys on it"),
    (Purpose::Headless, "imagemagick", "pictures of it"),
    (Purpose::Headless, "pulseaudio", "a virtual microphone and speaker"),
    (Purpose::Headless, "pulseaudio-utils", "a virtual microphone and speaker"),
    (Purpose::Headless, "libasound2-plugins", "a virtual microphone and speaker"),
    (Purpose::Headless, "procps", "ending what was started"),
    (Purpose::Headless, "dbus", "a session bus of its own"),
    (Purpose::Headless, "fonts-dejavu-core", "letters"),
    (Purpose::Headless, "fonts-noto-cjk", "Chinese characters"),
    (Purpose::Test, "webkit2gtk-driver", "driving the window"),
    (Purpose::Test, "gnome-keyring", "a real keyring"),
    (Purpose::Test, "espeak-ng", "voices that are heard and told apart"),
    (Purpose::Test, "python3-venv", "the vendors' own clients"),
];

/// The oldest Node.js that builds the window.
const OLDEST_NODE: u32 = 20;

/// Looks for what is missing and gets it.
pub fn prepare(purposes: &[Purpose], install: Install) -> Done {
    check_node()?;
    if cfg!(target_os = "linux") {
        if is_debian_like() {
            return install_packages(purposes, install);
        }
        eprintln!(
            "This is no Debian or Ubuntu: install the development files of WebKitGTK 4.1, librsvg and ALSA yourself."
        );
    } else if cfg!(target_os = "macos") {
        eprintln!("On macOS the Xcode command-line tools are needed (`xcode-select --install`).");
    } else if cfg!(windows) {
        eprintln!("On Windows the Visual Studio C++ build tools and WebView2 (part of Windows 11) are needed.");
    }
    Ok(())
}

fn check_node() -> Done {
    let Some(version) = output(crate::ui::NODE, &["--version"]) else {
        return Err(Failed(format!(
            "Node.js {OLDEST_NODE} or newer is needed to build the window, and none was found"
        )));
    };
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST_NODE) {
        return Err(Failed(format!("Node.js {OLDEST_NODE} or newer is needed to build the window; this is {version}")));
    }
    Ok(())
}

fn is_debian_like() -> bool {
    let Ok(release) = fs::read_to_string("/etc/os-release") else { return false };
    release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .any(|ids| ids.trim_matches('"').split(' ').any(|id| id == "debian" || id == "ubuntu"))
}

fn install_packages(purposes: &[Purpose], install: Install) -> Done {
    let missing: Vec<_> =
        PACKAGES.iter().filter(|(purpose, package, _)| purposes.contains(purpose) && !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("These packages are missing:");
    for (_, package, reason) in &missing {
        eprintln!("   {package:<24} {reason}");
    }
    if install == Install::OnlyList {
        return Err(Failed("nothing was installed, as asked; install the packages above and call again".into()));
    }
    let is_root = output("id", &["-u"]).as_deref() == Some("0");
    let (program, prefix): (&str, &[&str]) = if is_root { ("apt-get", &[]) } else { ("sudo", &["apt-get"]) };
    if !is_root {
        eprintln!("sudo is needed to install them.");
    }
    let here = Path::new("/");
    let update = [prefix, &["-qq", "update"]].concat();
    step("reading the list of packages", here, program, &update)?;
    let mut arguments = prefix.to_vec();
    arguments.extend(["-qq", "-o", "DPkg::Lock::Timeout=600", "install", "-y", "--no-install-recommends"]);
    arguments.extend(missing.iter().map(|(_, package, _)| *package));
    step("installing them", here, program, &arguments)
}

fn is_installed(package: &str) -> bool {
    output("dpkg-query", &["-W", "-f=${db:Status-Status}", package]).as_deref() == Some("installed")
}
