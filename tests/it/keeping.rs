//! Promise: a backup is complete and never overwrites, what is restored is what was backed up, and `silsila check` finds what
//! does not agree and makes anew what can be.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::service::{Service, demonstration, silsila};

fn path(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn said(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned() + &String::from_utf8_lossy(&run.stdout)
}

/// Whether all agrees, and the troubles by part.
pub fn check(data: &Path, more: &[&str]) -> (bool, Value) {
    let run = silsila(&[&["check", "--json", "--data-dir", path(data)], more].concat());
    let report: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{}", said(&run)));
    let ok = report["ok"].as_bool().expect("an answer");
    assert_eq!(run.status.code(), Some(i32::from(!ok)), "{report}");
    (ok, report)
}

/// The parts in which there is trouble.
pub fn troubled(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().expect("checks");
    let wrong = checks.iter().filter(|one| one["ok"] == false);
    wrong.filter_map(|one| one["part"].as_str()).collect()
}

/// As another program might do to the database.
fn sql(data: &Path, statements: &str) {
    let database = rusqlite::Connection::open(data.join("silsila.db")).expect("a database");
    database
        .execute_batch("PRAGMA foreign_keys = OFF")
        .and_then(|()| database.execute_batch(statements))
        .expect("the statements");
}

fn export(data: &Path) -> Vec<u8> {
    let run = silsila(&["export", "--data-dir", path(data)]);
    assert!(run.status.success(), "{}", said(&run));
    run.stdout
}

#[test]
fn a_backup_beside_a_running_service_is_restored_elsewhere_and_over_another_store() {
    let data = demonstration();
    let keep = tempfile::tempdir().expect("a folder");
    let before = export(data.path());
    let service = Service::start(data.path());
    let file = keep.path().join("one.db");
    let run = silsila(&["backup", path(&file), "--data-dir", path(data.path()), "--json"]);
    assert!(run.status.success(), "{}", said(&run));
    let made: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let (_, metrics) = service.get("/v1/stories?per_page=1");
    assert!(metrics["items"].is_array());
    // Never a second time under one name, and a folder gives a name of its own.
    let again = silsila(&["backup", path(&file), "--data-dir", path(data.path())]);
    assert!(
        !again.status.success() && said(&again).contains("never overwritten"),
        "{}",
        said(&again)
    );
    let named = silsila(&[
        "backup",
        "--compact",
        path(keep.path()),
        "--data-dir",
        path(data.path()),
    ]);
    assert!(named.status.success(), "{}", said(&named));
    let names: Vec<String> = std::fs::read_dir(keep.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), 2, "nothing unfinished is left: {names:?}");

    // Written after the backup, so it is not in it.
    let late = json!({"id": "late", "title": "Late news", "text": "Something happened after the backup."});
    let (status, _) = service.post(
        "/v1/articles?wait=placed",
        "application/json",
        late.to_string().as_bytes(),
    );
    assert_eq!(status, 200);

    let elsewhere = tempfile::tempdir().expect("a folder");
    let run = silsila(&["restore", path(&file), "--data-dir", path(elsewhere.path()), "--json"]);
    assert!(run.status.success(), "{}", said(&run));
    let restored: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    assert_eq!(restored["restored"]["articles"], made["articles"]);
    // Read-only commands want the schema that a writer leaves; a backup has it.
    assert!(
        export(elsewhere.path()) == before,
        "what was backed up is what is restored"
    );
    let (ok, report) = check(elsewhere.path(), &[]);
    assert!(ok, "{report}");

    // A folder in use, and one that holds a store.
    let used = silsila(&["restore", path(&file), "--data-dir", path(data.path()), "--force"]);
    assert!(said(&used).contains("in use by another silsila"), "{}", said(&used));
    assert!(service.terminate().wait().success());
    let refused = silsila(&["restore", path(&file), "--data-dir", path(data.path())]);
    assert!(
        !refused.status.success() && said(&refused).contains("--force"),
        "{}",
        said(&refused)
    );
    let run = silsila(&[
        "restore",
        path(&file),
        "--data-dir",
        path(data.path()),
        "--force",
        "--json",
    ]);
    assert!(run.status.success(), "{}", said(&run));
    let replaced: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let aside = Path::new(replaced["moved_aside"].as_str().expect("a folder"));
    assert!(export(data.path()) == before && String::from_utf8_lossy(&export(aside)).contains("\"late\""));
    // The service goes on from there.
    let service = Service::start(data.path());
    assert_eq!(service.get("/v1/articles/late").0, 404);
    let (status, answer) = service.post(
        "/v1/articles?wait=placed",
        "application/json",
        late.to_string().as_bytes(),
    );
    assert_eq!(
        (status, &answer["articles"][0]["outcome"]),
        (200, &json!("new")),
        "{answer}"
    );
}

#[test]
fn what_is_no_sound_backup_is_refused_by_name_and_nothing_is_touched() {
    let data = demonstration();
    let keep = tempfile::tempdir().expect("a folder");
    let file = keep.path().join("one.db");
    let run = silsila(&["backup", path(&file), "--data-dir", path(data.path())]);
    assert!(run.status.success(), "{}", said(&run));
    let sound = std::fs::read(&file).expect("read");
    let target = keep.path().join("target");
    let restore = |bytes: &[u8], wanted: &str| {
        let bad = keep.path().join("bad.db");
        std::fs::write(&bad, bytes).expect("written");
        let run = silsila(&["restore", path(&bad), "--data-dir", path(&target)]);
        assert!(
            !run.status.success() && said(&run).contains(wanted),
            "{wanted}: {}",
            said(&run)
        );
        assert!(!target.join("silsila.db").exists());
    };
    restore(
        b"no database at all, but long enough to be looked at",
        "cannot be restored",
    );
    restore(&sound[..sound.len() / 2], "cannot be restored");
    // The heads of some pages in the middle.
    let mut damaged = sound.clone();
    for page in (20..40).map(|page| page * 4096) {
        damaged[page..page + 16].fill(0xff);
    }
    restore(&damaged, "cannot be restored");
    // The schema's version is at byte 60 of the file.
    let mut newer = sound.clone();
    newer[60..64].copy_from_slice(&99u32.to_be_bytes());
    restore(&newer, "schema 99");
    let missing = silsila(&["backup", path(&keep.path().join("x.db")), "--data-dir", path(&target)]);
    assert!(said(&missing).contains("there is no store in"), "{}", said(&missing));
}

#[test]
fn what_does_not_agree_is_found_and_what_can_be_made_anew_is() {
    let data = demonstration();
    let (ok, report) = check(data.path(), &[]);
    assert!(ok, "{report}");
    let run = silsila(&["check", "--data-dir", path(data.path())]);
    assert!(
        run.status.success() && said(&run).contains("Everything agrees."),
        "{}",
        said(&run)
    );

    // What follows from the articles.
    sql(
        data.path(),
        "UPDATE stories SET articles = articles + 1, languages = '[]' WHERE number = 1;
         DELETE FROM search WHERE rowid IN (SELECT search_row FROM articles WHERE number IN (3, 4));",
    );
    let (ok, report) = check(data.path(), &[]);
    assert_eq!(
        (ok, troubled(&report)),
        (false, vec!["counts", "full_text"]),
        "{report}"
    );
    let (ok, report) = check(data.path(), &["--repair"]);
    assert!(ok, "{report}");
    assert_eq!(report["repaired"]["counted"], 1, "{report}");
    assert!(report["repaired"]["indexed"].as_u64() > Some(100), "{report}");
    let (ok, report) = check(data.path(), &[]);
    assert!(ok, "{report}");
    let service = Service::start(data.path());
    let (_, found) = service.get("/v1/search?q=%D9%82%D8%B1%D8%A9");
    assert!(!found["items"].as_array().expect("items").is_empty(), "{found}");
    let refused = silsila(&["check", "--repair", "--data-dir", path(data.path())]);
    assert!(
        said(&refused).contains("in use by another silsila"),
        "{}",
        said(&refused)
    );
    drop(service);

    // What only a backup helps against.
    for (wrong, part) in [
        ("UPDATE stories SET state = 'dormant' WHERE number = 2", "change_log"),
        (
            "UPDATE articles SET story = (SELECT min(number) FROM stories WHERE state <> 'merged' AND number > 2)
             WHERE number = 1",
            "change_log",
        ),
        ("DELETE FROM changes WHERE number = 5", "change_log"),
        ("DELETE FROM vectors WHERE article = 2", "vectors"),
        ("UPDATE vectors SET vector = zeroblob(8) WHERE article = 3", "vectors"),
        (
            "UPDATE edges SET a = 999999 WHERE a = (SELECT min(a) FROM edges)",
            "links",
        ),
        (
            "UPDATE articles SET story = NULL WHERE number = (SELECT max(number) FROM articles WHERE original IS NOT NULL)",
            "near_duplicates",
        ),
        ("UPDATE articles SET state = 'queued' WHERE number = 7", "placements"),
        ("UPDATE articles SET document = 4711 WHERE number = 8", "references"),
    ] {
        let own = demonstration();
        sql(own.path(), wrong);
        let (ok, report) = check(own.path(), &["--repair"]);
        assert!(!ok && troubled(&report).contains(&part), "{part}: {report}");
    }
}

#[test]
fn damaged_pages_are_found_and_not_written() {
    let data = demonstration();
    sql(data.path(), "PRAGMA wal_checkpoint(TRUNCATE)");
    let file = data.path().join("silsila.db");
    let mut bytes = std::fs::read(&file).expect("read");
    // Not the first ones, without which it could not even be opened.
    let middle = bytes.len() / 4096 / 2;
    for page in (middle..middle + 20).map(|page| page * 4096) {
        bytes[page..page + 16].fill(0xff);
    }
    std::fs::write(&file, &bytes).expect("written");
    let (ok, report) = check(data.path(), &["--repair"]);
    assert!(!ok && troubled(&report).contains(&"database"), "{report}");
    assert!(std::fs::read(&file).expect("read") == bytes, "nothing was written");
    // No copy of it is taken for a backup.
    let to = data.path().join("copy.db");
    let run = silsila(&["backup", path(&to), "--data-dir", path(data.path())]);
    assert!(!run.status.success() && !to.exists(), "{}", said(&run));
}
