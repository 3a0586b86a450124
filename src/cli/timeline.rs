//! `silsila timeline`: the timeline of one story, from a file of its articles.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::article::{ArticleId, Draft, Precision};
use crate::cli::collection::{self, Collection};
use crate::config::Settings;
use crate::timeline::{Granularity, Options, StoryArticle, build};

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
    /// How long a period is: hour, day, week (from Monday) or month. An entry keeps its own date
    #[arg(long, value_name = "PERIOD", default_value = "day", value_parser = granularity)]
    granularity: Granularity,
    /// How many dates (periods); without it as many as the story deserves
    #[arg(long, value_name = "L")]
    dates: Option<usize>,
    /// How many sentences a date (a period) has at most
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
    let articles = read(&arguments.articles, settings)?;
    let options = Options {
        from: arguments.from,
        to: arguments.to,
        granularity: arguments.granularity,
        dates: arguments.dates,
        sentences: arguments.sentences,
        lang: arguments.lang.clone(),
        settings: settings.timeline.clone(),
    };
    let mut dates: Vec<(String, Vec<String>)> = Vec::new();
    for event in build(&articles, &options) {
        // Months have no place in a list of days, undated events in none.
        let least = match arguments.granularity {
            Granularity::Month => Precision::Month,
            _ => Precision::Day,
        };
        let Some(day) = event.date.value.filter(|_| event.date.precision >= least) else {
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

fn granularity(name: &str) -> Result<Granularity, String> {
    let names = Granularity::NAMES.map(|(name, _)| name).join(", ");
    Granularity::of(name).ok_or_else(|| format!("it is one of {names}"))
}

/// Reads the articles; one without an id is known by its place.
fn read(path: &Path, settings: &Settings) -> Result<Vec<StoryArticle>, Box<dyn std::error::Error>> {
    let Collection { articles, refused } = collection::read(path, settings)?;
    for refused in refused {
        eprintln!("silsila: {refused}");
    }
    let of = |(place, draft): (String, Draft)| StoryArticle {
        id: draft.id.unwrap_or(ArticleId(place)),
        title: draft.title,
        text: draft.text,
        lang: draft.lang,
        published: draft.published,
        source: draft.source,
        original: None,
    };
    Ok(articles.into_iter().map(of).collect())
}
