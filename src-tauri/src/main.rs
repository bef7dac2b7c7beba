//! The shell: a window around the engine, and one door between them. No logic worth a test lives here.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

#[cfg(target_os = "linux")]
mod clipboard;
mod door;
mod hotkey;
mod keyboard;
mod window;

use std::time::Duration;

use parlance_app::{App, Options};
use tauri::{DragDropEvent, Manager as _, RunEvent, WindowEvent};

/// An engine that does not end in this time is left behind: everything it kept is on disk already.
const FAREWELL: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    parlance_app::process::harden();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    tauri::async_runtime::set(runtime.handle().clone());

    let engine = door::Engine::default();
    let starting = engine.clone();
    runtime.spawn(async move { starting.arrive(App::start(options()).await) });

    let app = tauri::Builder::default()
        .plugin(tauri_plugin_global_shortcut::Builder::new().build())
        .plugin(tauri_plugin_single_instance::init(|app, _arguments, _folder| window::raise(app)))
        .manage(engine.clone())
        .invoke_handler(tauri::generate_handler![door::call, door::subscribe])
        .setup(|app| {
            window::open(app.handle())?;
            tauri::async_runtime::spawn(hotkey::serve(
                app.handle().clone(),
                app.state::<door::Engine>().inner().clone(),
            ));
            Ok(())
        })
        .build(tauri::generate_context!())?;

    app.run(move |app, event| match event {
        RunEvent::WindowEvent { event: WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }), .. } => {
            let engine = app.state::<door::Engine>().inner().clone();
            runtime.spawn(async move { engine.drop_files(paths).await });
        }
        RunEvent::Exit => app.state::<door::Engine>().inner().clone().leave(runtime.handle(), FAREWELL),
        _ => {}
    });
    Ok(())
}

#[cfg(target_os = "linux")]
fn options() -> Options {
    Options {
        clipboard: Some(std::sync::Arc::new(clipboard::Gtk)),
        keyboard: keyboard::find(),
        ..Options::from_environment()
    }
}

/// The web views of the other systems give their page what lies on the clipboard.
#[cfg(not(target_os = "linux"))]
fn options() -> Options {
    Options { keyboard: keyboard::find(), ..Options::from_environment() }
}
