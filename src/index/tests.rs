//! Promises of the index as a whole.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use super::{Hit, IndexError, Settings, TimeIndex, Wanted};

const DIMENSION: usize = 24;

fn settings() -> Settings {
    Settings {
        block: 64,
        connections: 16,
        construction: 100,
        search: 48,
        exact_share: 0.25,
    }
}

/// A vector like news: near one of a dozen directions, now and then an exact copy of an earlier one.
fn vector(seed: u64) -> Vec<f32> {
    let number = |seed: u64| {
        let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x2545_F491_4F6C_DD1D;
        x ^= x >> 29;
        x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((x >> 40) as f32) / ((1u64 << 24) as f32) - 0.5
    };
    let seed = if seed % 17 == 3 { seed / 2 } else { seed };
    (0..DIMENSION as u64)
        .map(|i| number(seed % 12 * 1000 + i) + 0.6 * number(seed * 7919 + i + 50_000))
        .collect()
}

fn filled(points: u64) -> TimeIndex {
    let mut index = TimeIndex::new(DIMENSION, &settings());
    for slot in 0..points {
        let time = (slot % 10 != 9).then_some(slot as i64 * 60);
        index.insert(slot, &vector(slot), time).unwrap();
    }
    index
}

/// Every living point compared, in the plainest way.
fn plain(points: &[(u64, Vec<f32>, Option<i64>)], query: &[f32], k: usize, window: Option<(i64, i64)>) -> Vec<u64> {
    let unit = |v: &[f32]| {
        let norm = v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        v.iter().map(|x| f64::from(*x) / norm).collect::<Vec<_>>()
    };
    let query = unit(query);
    let inside = |time: &Option<i64>| match (time, window) {
        (Some(time), Some((from, to))) => (from..=to).contains(time),
        _ => true,
    };
    let mut all: Vec<(f64, u64)> = points
        .iter()
        .filter(|(.., time)| inside(time))
        .map(|(slot, vector, _)| (unit(vector).iter().zip(&query).map(|(x, y)| x * y).sum(), *slot))
        .collect();
    all.sort_by(|a, b| {
        if (a.0 - b.0).abs() < 1e-9 {
            a.1.cmp(&b.1)
        } else {
            b.0.total_cmp(&a.0)
        }
    });
    all.into_iter().take(k).map(|(_, slot)| slot).collect()
}

fn slots(hits: &[Hit]) -> Vec<u64> {
    hits.iter().map(|hit| hit.slot).collect()
}

/// What the index answers to a spread of questions, in bits.
fn answers(index: &TimeIndex) -> Vec<Vec<(u64, u32)>> {
    let mut answers = Vec::new();
    for query in (1_000_000..).step_by(37).take(12) {
        for window in [None, Some((0, 3000)), Some((1000, 40_000)), Some((5000, 5200))] {
            let hits = index.search(&vector(query), 10, window).unwrap();
            answers.push(hits.iter().map(|hit| (hit.slot, hit.similarity.to_bits())).collect());
        }
    }
    answers
}

fn files(dir: &std::path::Path, kind: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == kind));
    files.sort();
    files
}

fn flip_a_byte(path: &std::path::Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

#[test]
fn sealed_blocks_find_nearly_all_that_exact_search_finds() {
    let index = filled(1000);
    for window in [None, Some((3000, 30_000)), Some((20_000, 22_000))] {
        let (mut found, mut wanted) = (0, 0);
        for query in 0..200 {
            let exact = slots(&index.search_exactly(&vector(query * 31 + 7), 10, window).unwrap());
            let hits = slots(&index.search(&vector(query * 31 + 7), 10, window).unwrap());
            wanted += exact.len();
            found += exact.iter().filter(|slot| hits.contains(slot)).count();
        }
        assert!(
            wanted >= 1900 && found * 1000 >= wanted * 990,
            "{found} of {wanted} in {window:?}"
        );
    }
}

#[test]
fn the_newest_blocks_answer_exactly() {
    let index = filled(128);
    let points: Vec<_> = (0..128)
        .map(|slot| (slot, vector(slot), (slot % 10 != 9).then_some(slot as i64 * 60)))
        .collect();
    for query in 0..40 {
        let query = vector(query * 13 + 5);
        for window in [None, Some((600, 1800))] {
            assert_eq!(
                slots(&index.search(&query, 15, window).unwrap()),
                plain(&points, &query, 15, window)
            );
        }
    }
}

#[test]
fn without_graphs_every_answer_is_that_of_comparing_all() {
    let exact = Settings {
        exact_share: 1.0,
        ..settings()
    };
    let mut index = TimeIndex::new(DIMENSION, &exact);
    for slot in 0..700 {
        // Some come late, some have no time.
        let minute = slot as i64 - (slot % 7 * (slot % 50)) as i64;
        let time = (slot % 10 != 9).then_some(minute * 60);
        index.insert(slot, &vector(slot), time).unwrap();
    }
    assert!(
        index.blocks.iter().all(|block| block.graph().is_none()),
        "no graph was built"
    );
    for slot in (0..700).step_by(13) {
        index.remove(slot);
    }
    for query in 0..60 {
        let query = vector(query * 29 + 11);
        for k in [1, 7, 40, 900] {
            for window in [None, Some((600, 30_000)), Some((20_000, 20_600)), Some((9, 3))] {
                let (found, all) = (index.search(&query, k, window), index.search_exactly(&query, k, window));
                assert_eq!(found.unwrap(), all.unwrap(), "{k} in {window:?}");
            }
        }
    }
}

#[test]
fn equals_come_in_order_of_slot() {
    let mut index = TimeIndex::new(DIMENSION, &settings());
    for slot in (0..300).rev() {
        index.insert(slot, &vector(1), None).unwrap();
    }
    // All similarities are equal: the two exact blocks hold the lowest slots.
    assert_eq!(slots(&index.search(&vector(1), 5, None).unwrap()), [0, 1, 2, 3, 4]);
    assert_eq!(
        index.search(&vector(1), 400, None).unwrap().len(),
        300,
        "even a block of copies is reached whole"
    );
}

#[test]
fn undated_points_are_found_through_every_window() {
    let index = filled(400);
    let hits = index.search(&vector(39), 40, Some((-10, -5))).unwrap();
    assert_eq!(hits.len(), 40, "there are forty undated points");
    assert!(hits.iter().all(|hit| hit.slot % 10 == 9));
    assert_eq!(
        index.search(&vector(39), 5, Some((10, 5))).unwrap().len(),
        5,
        "also through an empty one"
    );
}

#[test]
fn a_removed_point_is_not_found_and_its_slot_is_free_again() {
    let mut index = filled(400);
    let own = |index: &TimeIndex| index.search(&vector(20), 1, Some((1200, 1200))).unwrap()[0].slot;
    assert_eq!(own(&index), 20);
    assert!(index.remove(20));
    assert!(!index.remove(20));
    assert!(index.vector(20).is_none());
    assert_ne!(own(&index), 20);
    assert_eq!(index.len(), 399);
    index.insert(20, &vector(20), Some(1200)).unwrap();
    assert_eq!(own(&index), 20);
    assert_eq!(
        slots(&index.search(&vector(20), 400, None).unwrap())
            .iter()
            .filter(|slot| **slot == 20)
            .count(),
        1
    );
}

#[test]
fn what_cannot_be_compared_is_refused_and_changes_nothing() {
    let mut index = filled(3);
    let refuse = |index: &mut TimeIndex, vector: &[f32]| index.insert(7, vector, None).unwrap_err().to_string();
    assert!(refuse(&mut index, &[1.0]).contains("dimension 24"));
    assert!(refuse(&mut index, &[0.0; DIMENSION]).contains("length zero"));
    let mut broken = vector(1);
    broken[3] = f32::NAN;
    assert!(refuse(&mut index, &broken).contains("not finite"));
    assert!(matches!(
        index.search(&broken, 3, None),
        Err(IndexError::NoDirection(_))
    ));
    assert!(matches!(
        index.insert(2, &vector(9), None),
        Err(IndexError::Duplicate { slot: 2 })
    ));
    assert_eq!(index.len(), 3);
    let huge: Vec<f32> = vector(1).iter().map(|x| x * 1e30).collect();
    index.insert(7, &huge, None).unwrap();
    let norm: f32 = index.vector(7).unwrap().iter().map(|x| x * x).sum();
    assert!((norm - 1.0).abs() < 1e-5);
}

#[test]
fn whole_blocks_are_forgotten_when_their_newest_point_is_too_old() {
    let mut index = filled(400);
    assert_eq!(
        index.forget_before(63 * 60),
        0,
        "the first block's newest point is of minute 63"
    );
    assert_eq!(index.forget_before(63 * 60 + 1), 64);
    assert!(index.vector(9).is_none(), "an undated point goes with its block");
    assert_eq!(index.len(), 336);
    assert!(
        index
            .search(&vector(5), 336, None)
            .unwrap()
            .iter()
            .all(|hit| hit.slot >= 64)
    );
    assert_eq!(index.forget_before(i64::MAX), 320, "the block that takes points stays");
    assert_eq!(index.len(), 16);
    index.insert(9, &vector(9), None).unwrap();
}

#[test]
fn blocks_without_a_date_go_with_the_one_before_them() {
    let mut index = TimeIndex::new(DIMENSION, &settings());
    for slot in 0..200 {
        let time = if slot < 64 {
            Some(100)
        } else if slot < 128 {
            None
        } else {
            Some(900)
        };
        index.insert(slot, &vector(slot), time).unwrap();
    }
    assert_eq!(index.forget_before(500), 128);
    let mut undated = TimeIndex::new(DIMENSION, &settings());
    (0..200).for_each(|slot| undated.insert(slot, &vector(slot), None).unwrap());
    assert_eq!(undated.forget_before(i64::MAX), 0, "nothing tells that these are old");
}

#[test]
fn a_removed_block_is_dropped_whole() {
    let mut index = filled(200);
    (0..64).for_each(|slot| assert!(index.remove(slot)));
    let before = index.bytes();
    assert_eq!(index.forget_before(i64::MIN), 0);
    assert!(index.bytes() < before);
    assert_eq!(index.len(), 136);
}

#[test]
fn saving_again_writes_only_what_has_changed() {
    let dir = tempfile::tempdir().unwrap();
    let mut index = filled(300);
    index.save(dir.path()).unwrap();
    let before: Vec<_> = files(dir.path(), "points");
    let written = |path: &PathBuf| fs::metadata(path).unwrap().modified().unwrap();
    let times: Vec<_> = before.iter().map(written).collect();
    index.insert(1000, &vector(1000), None).unwrap();
    index.remove(3);
    index.save(dir.path()).unwrap();
    let after = files(dir.path(), "points");
    assert_eq!(before[..4], after[..4]);
    assert_eq!(times[..4], after[..4].iter().map(written).collect::<Vec<_>>());
    assert_ne!(before[4], after[4], "the open block has another content");
    assert_eq!(after.len(), 5, "and its old file is gone");
    assert!(files(dir.path(), "tmp").is_empty());
}

#[test]
fn a_damaged_graph_is_built_again_and_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(300);
    index.save(dir.path()).unwrap();
    flip_a_byte(&files(dir.path(), "graph")[1]);
    fs::remove_file(&files(dir.path(), "graph")[0]).unwrap();
    let loaded = TimeIndex::load(dir.path(), DIMENSION, &settings()).unwrap();
    assert_eq!(loaded.rebuilt(), [0, 1]);
    assert_eq!(answers(&loaded), answers(&index));
}

#[test]
fn damaged_points_are_named() {
    for kind in ["points", "json"] {
        let dir = tempfile::tempdir().unwrap();
        filled(300).save(dir.path()).unwrap();
        let file = files(dir.path(), kind).pop().unwrap();
        flip_a_byte(&file);
        let error = TimeIndex::load(dir.path(), DIMENSION, &settings()).unwrap_err();
        assert!(
            matches!(&error, IndexError::Damaged { path, .. } if *path == file),
            "{error}"
        );
        fs::write(&file, b"").unwrap();
        assert!(matches!(
            TimeIndex::load(dir.path(), DIMENSION, &settings()),
            Err(IndexError::Damaged { .. })
        ));
        fs::remove_file(&file).unwrap();
        assert!(TimeIndex::load(dir.path(), DIMENSION, &settings()).is_err());
    }
}

#[test]
fn another_dimension_or_other_graphs_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(10).save(dir.path()).unwrap();
    let error = TimeIndex::load(dir.path(), 384, &settings()).unwrap_err().to_string();
    assert_eq!(
        error,
        "the saved index has the dimension 24, not 384; it has to be rebuilt from the store"
    );
    let other = Settings {
        connections: 17,
        ..settings()
    };
    assert!(matches!(
        TimeIndex::load(dir.path(), DIMENSION, &other),
        Err(IndexError::Incompatible { .. })
    ));
}

#[test]
fn an_interrupted_save_leaves_the_one_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut index = filled(100);
    index.save(dir.path()).unwrap();
    let manifest = fs::read(dir.path().join("manifest.json")).unwrap();
    let old_open = files(dir.path(), "points").pop().unwrap();
    let old_bytes = fs::read(&old_open).unwrap();
    let before = answers(&index);
    index.insert(500, &vector(500), None).unwrap();
    index.save(dir.path()).unwrap();
    // As if the process had died before it renamed the manifest and tidied up.
    fs::write(dir.path().join("manifest.json"), manifest).unwrap();
    fs::write(&old_open, old_bytes).unwrap();
    fs::write(dir.path().join("block-00000009-0.points.tmp"), b"half").unwrap();
    let loaded = TimeIndex::load(dir.path(), DIMENSION, &settings()).unwrap();
    assert_eq!(answers(&loaded), before);
    loaded.save(dir.path()).unwrap();
    assert_eq!(
        (files(dir.path(), "points").len(), files(dir.path(), "tmp").len()),
        (2, 0)
    );
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u16, Option<i64>),
    Remove(u64),
    Forget(i64),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (40u16..120, prop::option::weighted(0.9, 0i64..60_000)).prop_map(|(n, time)| Step::Insert(n, time)),
        4 => (0u64..900).prop_map(Step::Remove),
        1 => (0i64..20_000).prop_map(Step::Forget),
        2 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Saving and loading between any two steps changes nothing, and exact search is what plain comparison says.
    #[test]
    fn a_restart_is_not_noticed(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let mut uninterrupted = TimeIndex::new(DIMENSION, &settings());
        let mut restarted = TimeIndex::new(DIMENSION, &settings());
        let mut points: Vec<(u64, Vec<f32>, Option<i64>)> = Vec::new();
        let mut next = 0u64;
        for step in steps {
            match step {
                Step::Insert(count, time) => for _ in 0..count {
                    let time = time.map(|time| time + next as i64 * 13 % 7000);
                    uninterrupted.insert(next, &vector(next), time).unwrap();
                    restarted.insert(next, &vector(next), time).unwrap();
                    points.push((next, vector(next), time));
                    next += 1;
                },
                Step::Remove(slot) => {
                    prop_assert_eq!(uninterrupted.remove(slot), restarted.remove(slot));
                    points.retain(|point| point.0 != slot);
                }
                Step::Forget(time) => {
                    prop_assert_eq!(uninterrupted.forget_before(time), restarted.forget_before(time));
                    points.retain(|point| uninterrupted.vector(point.0).is_some());
                }
                Step::Restart => {
                    restarted.save(dir.path()).unwrap();
                    restarted = TimeIndex::load(dir.path(), DIMENSION, &settings()).unwrap();
                }
            }
            prop_assert_eq!(answers(&uninterrupted), answers(&restarted));
            prop_assert_eq!(uninterrupted.len(), points.len());
        }
        for query in 0..5 {
            let query = vector(query * 101 + 2);
            for window in [None, Some((2000, 9000))] {
                let exact = uninterrupted.search_exactly(&query, 12, window).unwrap();
                prop_assert_eq!(slots(&exact), plain(&points, &query, 12, window));
            }
        }
    }

    /// A search made ahead answers what a search answers in its turn, or nothing, whatever was inserted, removed or forgotten
    /// in between.
    #[test]
    fn a_search_made_ahead_answers_the_same(before in steps(), between in steps(), shift in 0i64..400) {
        let settings = Settings { exact_share: 1.0, ..settings() };
        let mut index = TimeIndex::new(DIMENSION, &settings);
        let mut next = 0u64;
        let mut take = |index: &mut TimeIndex, steps: Vec<Step>| {
            for step in steps {
                match step {
                    Step::Insert(count, time) => for _ in 0..count {
                        let time = time.map(|time| time + next as i64 * 13 % 7000);
                        index.insert(next, &vector(next), time).unwrap();
                        next += 1;
                    },
                    Step::Remove(slot) => drop(index.remove(slot)),
                    Step::Forget(time) => drop(index.forget_before(time)),
                    Step::Restart => {
                        // Under its number again, but somewhere else.
                        if index.remove(5) {
                            index.insert(5, &vector(7), Some(3000)).unwrap();
                        }
                    }
                }
            }
        };
        take(&mut index, before);
        let vectors: Vec<Vec<f32>> = (0..9).map(|seed| vector(seed * 101 + 2)).collect();
        let windows = [None, Some((2000, 9000)), Some((4000, 5000))];
        let wanted = vectors.iter().enumerate().map(|(at, vector)| (vector.as_slice(), windows[at % 3]));
        let wanted: Vec<Wanted<'_>> = wanted.collect();
        let ahead = index.search_ahead(&wanted, 12);
        take(&mut index, between);
        for ((vector, window), ahead) in wanted.iter().zip(ahead) {
            let ahead = ahead.unwrap();
            for asked in [*window, window.map(|(from, to)| (from + shift, to))] {
                if let Some(found) = index.search_from(&ahead, vector, 12, asked) {
                    prop_assert_eq!(found, index.search(vector, 12, asked).unwrap());
                }
            }
        }
    }
}

#[test]
fn a_search_made_ahead_answers_where_little_has_changed_and_for_nothing_else() {
    let settings = Settings {
        exact_share: 1.0,
        ..settings()
    };
    let mut index = TimeIndex::new(DIMENSION, &settings);
    (0..500).for_each(|slot| index.insert(slot, &vector(slot), Some(slot as i64 * 60)).unwrap());
    let (asked, window) = (vector(1_000), Some((6_000, 40_000)));
    let other = vector(1_001);
    let ahead = index.search_ahead(&[(&asked, window), (&[0.0; DIMENSION], None), (&other, window)], 10);
    assert!(ahead[1].is_none(), "no direction");
    let ahead = ahead[0].clone().unwrap();
    (500..560).for_each(|slot| index.insert(slot, &vector(slot), Some(slot as i64 * 60)).unwrap());
    let best = index.search(&asked, 10, window).unwrap();
    assert_eq!(index.search_from(&ahead, &asked, 10, window), Some(best.clone()));
    assert_eq!(index.search_from(&ahead, &other, 10, window), None, "another vector");
    for wider in [None, Some((5_999, 40_000)), Some((6_000, 40_001))] {
        assert_eq!(index.search_from(&ahead, &asked, 10, wider), None, "{wider:?}");
    }
    let mut removed = 0;
    while let Some(found) = index.search_from(&ahead, &asked, 10, window) {
        let best = index.search(&asked, 10, window).unwrap();
        assert_eq!(found, best, "the spare ones fill the gaps");
        let old = best.iter().find(|hit| hit.slot < 500).unwrap();
        assert!(index.remove(old.slot));
        removed += 1;
    }
    assert_eq!(removed, 9, "too few of those found are left");
    let graphs = TimeIndex::new(
        DIMENSION,
        &Settings {
            exact_share: 0.5,
            ..settings
        },
    );
    assert!(graphs.search_ahead(&[(&asked, None)], 10)[0].is_none());
}
