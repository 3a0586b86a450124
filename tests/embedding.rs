//! The promises of the embedder, with the real model. Without it these tests fail and say how to get it.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use silsila::config::Settings;
use silsila::embed::{self, Embedder};

/// One embedder for all tests: loading it takes seconds.
fn embedder() -> MutexGuard<'static, Box<dyn Embedder>> {
    static EMBEDDER: OnceLock<Mutex<Box<dyn Embedder>>> = OnceLock::new();
    let open = || {
        let settings = Settings::load(None).expect("the built-in settings").embed;
        Mutex::new(embed::open(&settings).unwrap_or_else(|error| panic!("{error} (`silsila model fetch`)")))
    };
    EMBEDDER
        .get_or_init(open)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// Texts of many lengths, several of each.
fn texts() -> Vec<String> {
    let sentence = "وقع الوفدان اتفاقا جديدا في العاصمة بعد محادثات طويلة and the talks go on tomorrow";
    let words: Vec<&str> = sentence.split(' ').collect();
    let mut texts = Vec::new();
    for length in [1, 2, 3, 5, 8, 13, 40, 200] {
        for shift in 0..12 {
            let chosen: Vec<&str> = words.iter().cycle().skip(shift).take(length).copied().collect();
            texts.push(chosen.join(" "));
        }
    }
    texts.extend(["", " ", "\u{200f}", "🙂", "<s></s><pad>"].map(str::to_owned));
    texts.extend(vec!["the same text".to_owned(); 5]);
    texts
}

#[test]
fn vectors_agree_with_the_kept_ones() {
    let kept: Vec<(String, Vec<f32>)> =
        serde_json::from_str(include_str!("data/embeddings.json")).expect("tests/data/embeddings.json");
    assert!(kept.len() >= 8);
    let sentences: Vec<String> = kept.iter().map(|(text, _)| text.clone()).collect();
    let vectors = embedder().embed(&sentences).expect("embedded");
    for ((text, wanted), vector) in kept.iter().zip(&vectors) {
        let cosine = dot(vector, wanted) / dot(wanted, wanted).sqrt();
        assert!(cosine > 0.9995, "{cosine} {text}");
        assert!((dot(vector, vector) - 1.0).abs() < 1e-5, "a unit vector: {text}");
    }
}

#[test]
fn a_vector_depends_on_its_own_text_only() {
    let texts = texts();
    let mut embedder = embedder();
    let together = embedder.embed(&texts).expect("embedded");
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|at| (at * 31) % texts.len().next_power_of_two().wrapping_add(3));
    let shuffled: Vec<String> = order.iter().map(|&at| texts[at].clone()).collect();
    let shuffled = embedder.embed(&shuffled).expect("embedded");
    let bits = |vector: &[f32]| vector.iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
    for (place, &at) in order.iter().enumerate() {
        assert!(
            bits(&shuffled[place]) == bits(&together[at]),
            "order changes {:?}",
            texts[at]
        );
    }
    for (text, vector) in texts.iter().zip(&together) {
        let alone = embedder.embed(std::slice::from_ref(text)).expect("embedded");
        assert!(bits(&alone[0]) == bits(vector), "company changes {text:?}");
    }
}

#[test]
fn what_lies_behind_the_budget_changes_nothing() {
    let long = "خبر عاجل ".repeat(300);
    let longer = format!("{long} {}", "other words ".repeat(100_000));
    let vectors = embedder().embed(&[long, longer]).expect("embedded");
    assert_eq!(vectors[0], vectors[1]);
}

#[test]
fn no_texts_give_no_vectors() {
    assert!(embedder().embed(&[]).expect("embedded").is_empty());
}

#[test]
fn translations_are_nearer_than_other_news() {
    let texts = [
        "زلزال قوي يضرب شمال اليابان ويتسبب بتحذير من تسونامي",
        "Strong earthquake hits northern Japan, tsunami warning issued",
        "The central bank leaves interest rates unchanged",
    ];
    let v = embedder().embed(&texts.map(str::to_owned)).expect("embedded");
    assert!(dot(&v[0], &v[1]) > dot(&v[0], &v[2]) + 0.05);
}
