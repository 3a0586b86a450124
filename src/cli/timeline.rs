//! `silsila timeline`: the timeline of one story, from a file of its articles.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{NaiveDate, Utc};
use serde_json::{Value, json};

use crate::article::{ArticleId, Precision};
use crate::config::Settings;
use crate::extract::NewsRules;
use crate::extract::json::draft;
use crate::source::{self, Content};
use crate::timeline::{Options, StoryArticle, build};

/// What is read of an article; anything else in the file is never looked at.
const FIELDS: [&str; 6] = ["id", "title", "text", "published", "lang", "source"];

/// Prints the timeline of one story: a JSON list of dates, each with its sentences
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The story's articles, one JSON object a line
    #[arg(value_name = "ARTICLES.jsonl[.gz]")]
    articles: PathBuf,
    /// The first day
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// The last day
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// How many dates; without it as many as the story deserves
    #[arg(long, value_name = "L")]
    dates: Option<usize>,
    /// How many sentences a date has at most
    #[arg(long, value_name = "K", default_value_t = 2)]
    sentences: usize,
    /// Preferred language of the sentences
    #[arg(long, value_name = "CODE")]
    lang: Option<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, settings: &Settings) -> ExitCode {
    match timeline(arguments, settings) {
        Ok(dates) => {
            println!("{dates}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("silsila: {error}");
            ExitCode::FAILURE
        }
    }
}

fn timeline(arguments: &Arguments, settings: &Settings) -> Result<Value, Box<dyn std::error::Error>> {
    let articles = read(arguments, settings)?;
    let options = Options {
        from: arguments.from,
        to: arguments.to,
        dates: arguments.dates,
        sentences: arguments.sentences,
        lang: arguments.lang.clone(),
        settings: settings.timeline.clone(),
    };
    let mut dates: Vec<(String, Vec<String>)> = Vec::new();
    for event in build(&articles, &options) {
        // Months and undated events have no place in a list of days.
        let Some(day) = event.date.value.filter(|_| event.date.precision >= Precision::Day) else {
            continue;
        };
        match dates.last_mut() {
            Some((last, sentences)) if *last == day => sentences.push(event.sentence),
            _ => dates.push((day, vec![event.sentence])),
        }
    }
    let entry = |(date, sentences)| json!({"date": date, "sentences": sentences});
    Ok(dates.into_iter().map(entry).collect())
}

fn read(arguments: &Arguments, settings: &Settings) -> Result<Vec<StoryArticle>, Box<dyn std::error::Error>> {
    let path = &arguments.articles;
    let rules = NewsRules::new(&settings.extract, Utc::now());
    let mut articles = Vec::new();
    for item in source::read(std::slice::from_ref(path), &settings.source) {
        let (place, value) = match item {
            Ok(item) => match item.content {
                Content::Json(value) => (item.place, value),
                Content::Document(_) => {
                    return Err(format!("{} is not JSON Lines of articles", path.display()).into());
                }
            },
            Err(rejected) => {
                eprintln!("silsila: {}: {}", rejected.place, rejected.reason);
                continue;
            }
        };
        let known: Value = FIELDS
            .iter()
            .filter_map(|field| Some(((*field).to_owned(), value.get(*field)?.clone())))
            .collect::<serde_json::Map<_, _>>()
            .into();
        match draft(&known, &rules) {
            Ok(draft) => articles.push(StoryArticle {
                id: draft.id.unwrap_or(ArticleId(place)),
                title: draft.title,
                text: draft.text,
                lang: draft.lang,
                published: draft.published,
                source: draft.source,
                original: None,
            }),
            Err(error) => eprintln!("silsila: {place}: {error}"),
        }
    }
    if articles.is_empty() {
        return Err(format!("{} holds no article", path.display()).into());
    }
    Ok(articles)
}
