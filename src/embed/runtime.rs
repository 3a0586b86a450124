//! Finds and loads ONNX Runtime before anything else can, so that a missing or old library is an error and no panic.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use super::{EmbedError, Settings};

/// The version that `silsila model fetch` gets: the one whose interface the crate `ort` was made for.
pub const VERSION: &str = "1.24.4";

/// The process's one environment: the runtime allows no second.
static ENVIRONMENT: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// Where the runtime is, or should be: `ORT_DYLIB_PATH`, else the setting, else the fetched one.
///
/// # Errors
/// [`EmbedError::NoCacheDir`].
pub fn path(settings: &Settings) -> Result<PathBuf, EmbedError> {
    if let Some(given) = std::env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()) {
        return Ok(given.into());
    }
    if !settings.runtime.as_os_str().is_empty() {
        return Ok(settings.runtime.clone());
    }
    Ok(fetched(&settings.cache_dir()?))
}

/// Where `silsila model fetch` puts the runtime within the cache folder.
pub fn fetched(cache: &Path) -> PathBuf {
    cache
        .join("runtime")
        .join(format!("onnxruntime-{VERSION}-{}", std::env::consts::ARCH))
        .join("libonnxruntime.so")
}

/// Loads the library, once a process, and gives its environment.
///
/// # Errors
/// [`EmbedError::RuntimeMissing`] and [`EmbedError::RuntimeUnusable`] say where the library was looked for.
pub fn load(settings: &Settings) -> Result<Environment, EmbedError> {
    let path = path(settings)?;
    let mut loaded = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, environment)) = loaded.as_ref() {
        return Ok(environment.clone());
    }
    // A bare file name is left to the system's search path.
    if path.components().count() > 1 && !path.is_file() {
        return Err(EmbedError::RuntimeMissing { path });
    }
    let environment = ort::init_from(&path)
        .map_err(|error| error.to_string())
        .and_then(|builder| builder.with_name("silsila").build().map_err(|error| error.to_string()))
        .map_err(|reason| EmbedError::RuntimeUnusable {
            path: path.clone(),
            reason,
        })?;
    environment.set_log_level(ort::logging::LogLevel::Error);
    *loaded = Some((path, environment.clone()));
    Ok(environment)
}
