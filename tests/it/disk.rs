//! Promise: on a full disk, or one that takes nothing any more, writes are refused, reads go on, nothing is damaged, and
//! writes go on when there is room again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::keeping::check;
use crate::service::{Service, demonstration, mirror, silsila};
use crate::wire::{JSON, ask, post};

/// A batch that needs some room.
fn batch(number: usize) -> String {
    let articles: Vec<_> = (0..20)
        .map(|i| {
            let text = format!("Line {number} of report {i} from the flooded valley. ").repeat(100);
            json!({"id": format!("full-{number}-{i}"), "title": format!("Flood report {number} {i}"), "text": text})
        })
        .collect();
    json!(articles).to_string()
}

/// Writes until it is refused; the batches that were taken.
fn fill(service: &Service, statuses: &[u16]) -> Vec<usize> {
    let mut taken = Vec::new();
    for number in 0..2000 {
        let answer = post(service, "/v1/articles", &[JSON], batch(number).as_bytes());
        match answer.status {
            202 => taken.push(number),
            429 => std::thread::sleep(Duration::from_millis(200)),
            status => {
                assert!(statuses.contains(&status), "{}", answer.text());
                assert_eq!(answer.header("content-type"), "application/problem+json");
                return taken;
            }
        }
    }
    panic!("it never filled up");
}

/// While nothing can be written.
fn reads_go_on(service: &Service, corrected: &[u16]) {
    for path in [
        "/v1/stories?sort_by=size",
        "/v1/stories/s1",
        "/v1/stories/s1/timeline",
        "/v1/search?q=bridge",
        "/v1/changes?cursor=0",
        "/",
    ] {
        let answer = ask(service, &format!("GET {path}"), &[]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    assert_eq!(ask(service, "GET /healthz", &[]).status, 200);
    assert_eq!(ask(service, "GET /readyz", &[]).status, 503);
    let pin = json!({"kind": "note", "story_id": "s1", "text": "a note"}).to_string();
    let answer = post(service, "/v1/corrections", &[JSON], pin.as_bytes());
    assert!(
        corrected.contains(&answer.status),
        "{} {}",
        answer.status,
        answer.text()
    );
}

/// There is room again: everything that was taken is placed, and more is taken.
fn writes_go_on(service: &Service, taken: &[usize]) {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let ready = ask(service, "GET /readyz", &[]);
        if ready.status == 200 && ready.json()["queued"] == 0 {
            break;
        }
        assert!(Instant::now() < until, "it goes on: {}", ready.text());
        std::thread::sleep(Duration::from_millis(100));
    }
    for number in taken {
        for i in [0, 19] {
            let (status, article) = service.get(&format!("/v1/articles/full-{number}-{i}"));
            assert_eq!((status, article["state"].as_str()), (200, Some("placed")), "{article}");
        }
    }
    let late = json!({"id": "after", "title": "Room again", "text": "There is room again."}).to_string();
    let answer = post(service, "/v1/articles?wait=placed", &[JSON], late.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// A small file system in memory; taken away when dropped.
struct Small(PathBuf);

impl Small {
    /// None where that is not allowed.
    fn mount(at: &Path, megabytes: usize) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(at)
            .output();
        mounted
            .is_ok_and(|run| run.status.success())
            .then(|| Self(at.to_owned()))
    }

    fn remount(&self, how: &str) {
        let run = Command::new("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(&self.0)
            .output()
            .expect("mount runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_refuses_writes_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let Some(disk) = Small::mount(dir.path(), 24) else {
        println!("skipped: a file system cannot be mounted here");
        return;
    };
    let data = disk.0.join("data");
    mirror(demonstration().path(), &data, &|file, there| {
        std::fs::copy(file, there).map(drop)
    });
    let filler = disk.0.join("filler");
    std::fs::write(&filler, vec![0; 8 << 20]).expect("room for it");
    let service = Service::start(&data);
    let taken = fill(&service, &[507]);
    assert!(!taken.is_empty());
    // What is small may still find room in the log that is there.
    reads_go_on(&service, &[201, 507]);
    std::fs::remove_file(&filler).expect("removed");
    writes_go_on(&service, &taken);
    assert!(service.terminate().wait().success());
    let (ok, report) = check(&data, &[]);
    assert!(ok, "{report}");

    // A disk that can only be read from the start.
    disk.remount("ro");
    let run = silsila(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        data.to_str().expect("a path"),
    ]);
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success() && said.contains("read-only"), "{said}");
    disk.remount("rw");
    let (ok, report) = check(&data, &[]);
    assert!(ok, "{report}");
}

#[test]
fn a_disk_that_takes_nothing_any_more_refuses_writes_and_nothing_else() {
    let data = demonstration();
    let limit = |service: &Service, bytes: &str| {
        let run = Command::new("prlimit")
            .args(["--pid", &service.id().to_string(), &format!("--fsize={bytes}:")])
            .output();
        run.is_ok_and(|run| run.status.success())
    };
    // Else the signal that comes with the limit ends it. Its log may be a file, which is limited, too.
    let service = Service::start_through(
        &["sh", "-c", "trap '' XFSZ; exec \"$@\" 2>/dev/null", "sh"],
        data.path(),
    );
    if !limit(&service, "0") {
        println!("skipped: there is no prlimit here");
        return;
    }
    let taken = fill(&service, &[503, 507]);
    assert!(taken.is_empty());
    reads_go_on(&service, &[503, 507]);
    assert!(limit(&service, "unlimited"));
    writes_go_on(&service, &taken);
    assert!(service.terminate().wait().success());
    let (ok, report) = check(data.path(), &[]);
    assert!(ok, "{report}");
}
