//! Which microphones and speakers there are, and finding the one that is wanted.
//!
//! Called by the settings and by the streams of this crate. A host that has lost its sound server answers "nothing" for
//! ever, so none is kept that has given such an answer.

use cpal::traits::{DeviceTrait, HostTrait};
use parlance_core::audio::{Device, DeviceLoss};

/// All microphones and speakers at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Devices {
    /// Microphones. What merely listens to a speaker is left out.
    pub inputs: Vec<Device>,
    /// Speakers.
    pub outputs: Vec<Device>,
}

/// What can be used now; empty where there is no sound server and no card. A listed device may still refuse to open.
/// Asks the sound server and waits for it: a few milliseconds, two seconds when it hangs.
#[must_use]
pub fn list() -> Devices {
    let host = cpal::default_host();
    Devices { inputs: list_of(&host, Direction::Input), outputs: list_of(&host, Direction::Output) }
}

/// Which way sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Input,
    Output,
}

/// Finds the wanted device, on the same sound system each time.
#[derive(Debug, Clone)]
pub(crate) struct Finder {
    pub(crate) direction: Direction,
    /// `None` for the system's choice.
    pub(crate) wanted: Option<String>,
    /// The sound system that has worked. While its server is away we wait for it and do not grab the bare card: the
    /// server could not have it back.
    pub(crate) system: Option<cpal::HostId>,
}

/// A device that was found, not opened yet.
pub(crate) struct Found {
    pub(crate) handle: cpal::Device,
    pub(crate) device: Device,
    pub(crate) system: cpal::HostId,
}

impl Finder {
    pub(crate) fn new(direction: Direction, wanted: Option<String>) -> Self {
        Self { direction, wanted, system: None }
    }

    /// The device to open now.
    pub(crate) fn find(&self) -> Result<Found, DeviceLoss> {
        self.find_on(&self.host()?)
    }

    /// A new connection to the sound system.
    pub(crate) fn host(&self) -> Result<cpal::Host, DeviceLoss> {
        match self.system {
            Some(id) => cpal::host_from_id(id).map_err(|_| DeviceLoss::ServerGone),
            None => Ok(cpal::default_host()),
        }
    }

    /// The device to open now, by a connection that exists.
    pub(crate) fn find_on(&self, host: &cpal::Host) -> Result<Found, DeviceLoss> {
        let default = default_of(host, self.direction);
        let handle = match &self.wanted {
            None => default.clone(),
            Some(id) => handles_of(host, self.direction).find(|handle| id_of(handle).as_ref() == Some(id)),
        }
        .ok_or(DeviceLoss::NoDevice)?;
        let device = describe(&handle, default.as_ref().and_then(id_of).as_deref()).ok_or(DeviceLoss::NoDevice)?;
        Ok(Found { handle, device, system: host.id() })
    }

    /// The ids of all devices, by a connection that exists; empty also when it does no more.
    pub(crate) fn ids_on(&self, host: &cpal::Host) -> Vec<String> {
        handles_of(host, self.direction).filter_map(|handle| id_of(&handle)).collect()
    }
}

fn list_of(host: &cpal::Host, direction: Direction) -> Vec<Device> {
    let default = default_of(host, direction).as_ref().and_then(id_of);
    handles_of(host, direction).filter_map(|handle| describe(&handle, default.as_deref())).collect()
}

fn default_of(host: &cpal::Host, direction: Direction) -> Option<cpal::Device> {
    match direction {
        Direction::Input => host.default_input_device(),
        Direction::Output => host.default_output_device(),
    }
    // With no microphone left a sound server offers what the speaker plays.
    .filter(|handle| id_of(handle).is_some_and(|id| !is_monitor(&id)))
}

fn handles_of(host: &cpal::Host, direction: Direction) -> impl Iterator<Item = cpal::Device> {
    // A server that went away in between has no devices.
    host.devices().into_iter().flatten().filter(move |handle| {
        let fits = match direction {
            Direction::Input => handle.supports_input(),
            Direction::Output => handle.supports_output(),
        };
        fits && id_of(handle).is_some_and(|id| !is_monitor(&id))
    })
}

fn describe(handle: &cpal::Device, default: Option<&str>) -> Option<Device> {
    let id = id_of(handle)?;
    let name = handle.description().map_or_else(|_| id.clone(), |description| description.name().to_owned());
    let is_default = default == Some(id.as_str());
    Some(Device { id, name, is_default })
}

fn id_of(handle: &cpal::Device) -> Option<String> {
    handle.id().ok().map(|id| id.to_string())
}

fn is_monitor(id: &str) -> bool {
    id.ends_with(".monitor")
}
