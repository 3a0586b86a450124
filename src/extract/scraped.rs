//! Scraped text → articles: what is a headline, what is the article's own, what is furniture, and where the next
//! article begins.
//!
//! In: the lines of a text. Out: [`Part`]s, one for each article, in order. A date, a source or a keyword belongs to the
//! part that it stands in, never to another.

use std::collections::BTreeSet;

use crate::article::{Removed, RemovedKind};
use crate::extract::fold::fold;
use crate::extract::furniture::phrases::{at_start, only_networks};
use crate::extract::furniture::rules::{Place, Rule};
use crate::extract::furniture::{
    Found, Line, Settings, behind_teaser_phrase, classify, ends_sentence, is_agency, is_paragraph, is_title, is_update,
    keywords, lines, only_hashtags, removed, unglue, words_up_to,
};

/// A headline behind "Read also:" at the top of a text is the text's own when the paragraph below has this share of its
/// words.
const TITLE_SHARE: f64 = 0.5;
/// A page has few outlets; more source and copyright lines than this are not read for their names.
const MOST_OUTLETS: usize = 16;

/// One article of a text, with what its furniture said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The headline; empty when the text starts with prose.
    pub title: String,
    /// The body's paragraphs.
    pub body: Vec<String>,
    /// What was cut, in the order of its place.
    pub removed: Vec<Removed>,
    /// The outlet that a source line names.
    pub source: Option<String>,
    /// The agency that a source line names.
    pub agency: Option<String>,
    /// The entries of keyword lines.
    pub keywords: Vec<String>,
    /// What the publication line says.
    pub published: Option<String>,
    /// Lines of the part so far.
    seen: usize,
    /// Furniture that stands below an article was seen: the article is over.
    over: bool,
}

/// Sorts a text's lines. `title`: the headline, when it is known from elsewhere. `split`: whether the text may hold
/// several articles. `is_date`: whether a line is a date and nothing else.
pub fn parts(
    text: &str,
    title: Option<&str>,
    split: bool,
    is_date: &dyn Fn(&str) -> bool,
    limits: &Settings,
) -> Vec<Part> {
    let lines: Vec<Line<'_>> = lines(text).into_iter().flat_map(|line| unglue(line, limits)).collect();
    let mut sorter = Sorter {
        page: Page::read(&lines, limits),
        lines,
        at: 0,
        part: Part {
            title: title.unwrap_or_default().trim().to_owned(),
            ..Part::default()
        },
        done: Vec::new(),
        split,
        is_date,
        limits,
    };
    while let Some(line) = sorter.lines.get(sorter.at).copied() {
        sorter.at += 1;
        sorter.take(line);
    }
    let Sorter { mut done, part, .. } = sorter;
    done.push(part);
    done
}

/// What the whole page says about its parts.
struct Page {
    /// The words of each line that names an outlet: source and copyright lines.
    outlets: Vec<BTreeSet<String>>,
    /// How many lines there are up to the last paragraph.
    last_paragraph: usize,
}

impl Page {
    fn read(lines: &[Line<'_>], limits: &Settings) -> Self {
        let mut outlets = Vec::new();
        for line in lines
            .iter()
            .filter(|line| words_up_to(line.text, limits.label + 1) <= limits.label)
        {
            match classify(*line, limits) {
                Found::Label(rule, value) if rule.kind == RemovedKind::Source => outlets.push(long_words(value)),
                Found::Furniture(rule) if rule.kind == RemovedKind::Copyright => outlets.push(long_words(line.text)),
                _ => {}
            }
            if outlets.len() == MOST_OUTLETS {
                break;
            }
        }
        let last = lines
            .iter()
            .rposition(|line| is_paragraph(line.text, limits) && ends_sentence(line.text) && !is_cut(*line, limits));
        Self {
            outlets,
            last_paragraph: last.map_or(0, |last| last + 1),
        }
    }

    /// Whether a line, or a part of it between dashes, is the name of an outlet.
    fn names_outlet(&self, line: &str) -> bool {
        let named = |words: &BTreeSet<String>, least: usize| {
            !words.is_empty()
                && self
                    .outlets
                    .iter()
                    .any(|outlet| words.intersection(outlet).count() >= least.max(1))
        };
        let whole = long_words(line);
        named(&whole, whole.len().div_ceil(2))
            || line.split(['-', '–', '—', '/', '|']).any(|part| {
                let words = long_words(part);
                named(&words, words.len())
            })
    }
}

struct Sorter<'a> {
    lines: Vec<Line<'a>>,
    page: Page,
    at: usize,
    part: Part,
    done: Vec<Part>,
    split: bool,
    is_date: &'a dyn Fn(&str) -> bool,
    limits: &'a Settings,
}

impl<'a> Sorter<'a> {
    fn take(&mut self, line: Line<'a>) {
        self.part.seen += 1;
        let found = classify(line, self.limits);
        if self.is_headline(line, &found) {
            return self.entitle(line);
        }
        match found {
            Found::Heading(rule) if rule.kind == RemovedKind::Keywords => self.below_keywords(line, rule),
            Found::Heading(rule) => {
                self.cut(line, RemovedKind::Teaser, &rule.full_name());
                self.below_heading(&rule.full_name());
            }
            Found::Teasers { kept, cut } => {
                let only = kept.is_empty() && cut.len() == 1;
                for (piece, rule) in &cut {
                    self.cut(*piece, rule.kind, &rule.full_name());
                }
                for piece in kept {
                    self.keep(piece);
                }
                if only {
                    self.headline_behind_teaser(line);
                }
            }
            Found::Label(rule, value) => match rule.kind {
                RemovedKind::Source => {
                    self.cut(line, rule.kind, &rule.full_name());
                    self.name_source(value);
                    self.part.over = !self.part.body.is_empty();
                }
                RemovedKind::Keywords => {
                    self.cut(line, rule.kind, &rule.full_name());
                    self.add_keywords(value);
                    self.part.over = !self.part.body.is_empty();
                }
                RemovedKind::Published => {
                    if !is_update(rule) {
                        self.begin_above();
                    }
                    self.cut(line, rule.kind, &rule.full_name());
                    if !is_update(rule) && self.part.published.is_none() {
                        self.part.published = Some(value.to_owned());
                    }
                }
                RemovedKind::Share | RemovedKind::Navigation => self.cut(line, rule.kind, &rule.full_name()),
                kind if self.part.seen <= self.limits.head_lines
                    || self.part.over
                    || self.at > self.page.last_paragraph =>
                {
                    self.cut(line, kind, &rule.full_name());
                }
                _ => self.keep(line),
            },
            Found::Furniture(rule) => {
                self.cut(line, rule.kind, &rule.full_name());
                if rule.kind == RemovedKind::Copyright {
                    self.part.over = !self.part.body.is_empty();
                }
            }
            Found::Prose => self.prose(line),
        }
    }

    fn prose(&mut self, line: Line<'a>) {
        let head = self.part.seen <= self.limits.head_lines && self.part.body.len() < 2;
        let above = self.part.body.is_empty();
        let below = self.part.over || self.at > self.page.last_paragraph;
        if (above || below) && is_menu(line.text) || below && is_row(line.text) {
            self.cut(line, RemovedKind::Navigation, "navigation.any.menu");
        } else if words_up_to(line.text, self.limits.prompt + 1) <= self.limits.prompt && only_networks(line.text) {
            self.cut(line, RemovedKind::Share, "share.any.networks");
        } else if only_hashtags(line.text) {
            self.cut(line, RemovedKind::Keywords, "keywords.any.hashtags");
            self.add_keywords(line.text);
        } else if !self.part.title.is_empty() && head && fold(line.text) == fold(&self.part.title) {
            self.cut(line, RemovedKind::Title, "title.any.repeated");
        } else if head && line.text.split_whitespace().count() <= self.limits.date && (self.is_date)(line.text) {
            self.cut(line, RemovedKind::Published, "published.any.bare-date");
            if self.part.published.is_none() {
                self.part.published = Some(line.text.to_owned());
            }
        } else if above && let Some(rule) = self.masthead(line.text) {
            self.cut(line, RemovedKind::Navigation, &rule);
        } else if self.split && self.part.title.is_empty() && above && is_title(line.text, self.limits) {
            self.entitle(line);
        } else {
            self.keep(line);
        }
    }

    /// The rule by which a line above the text is not the article's: it names the outlet or a section of it, or is the
    /// way to it. The headline is never the only line above the text.
    fn masthead(&self, line: &str) -> Option<String> {
        let short = words_up_to(line, self.limits.masthead + 1) <= self.limits.masthead;
        if !short
            || ends_sentence(line)
            || !(is_row(line) || is_agency(line) || self.page.names_outlet(line) || section(line).is_some())
        {
            return None;
        }
        let titled = !self.part.title.is_empty() || self.split && self.title_follows();
        titled.then(|| section(line).unwrap_or_else(|| "navigation.any.masthead".to_owned()))
    }

    /// Whether a headline follows above the first paragraph.
    fn title_follows(&self) -> bool {
        let ahead = self
            .lines
            .get(self.at..)
            .unwrap_or_default()
            .iter()
            .take(2 * self.limits.head_lines);
        ahead
            .take_while(|next| is_title(next.text, self.limits) || !is_paragraph(next.text, self.limits))
            .any(|next| {
                is_title(next.text, self.limits)
                    && classify(*next, self.limits) == Found::Prose
                    && !(self.is_date)(next.text)
                    && !self.page.names_outlet(next.text)
                    && section(next.text).is_none()
                    && !is_row(next.text)
            })
    }

    fn entitle(&mut self, line: Line<'a>) {
        self.part.title = line.text.to_owned();
        self.part.seen = 0;
    }

    /// Whether a line that looks like a label is the headline: "Sources: United agree deal with Benfica" above the
    /// first paragraph, where no other line can be one.
    fn is_headline(&self, line: Line<'_>, found: &Found<'_>) -> bool {
        let open = self.split && self.part.title.is_empty() && self.part.body.is_empty();
        if !open || !is_title(line.text, self.limits) {
            return false;
        }
        let may_be = match found {
            Found::Label(rule, value) => {
                matches!(rule.kind, RemovedKind::Source | RemovedKind::Byline)
                    && value.split_whitespace().count() >= self.limits.label_title
            }
            // "Video: storm hits the ports"
            Found::Teasers { kept, .. } => {
                kept.is_empty() && behind_teaser_phrase(line.text).is_some_and(|found| found.phrase.words == 1)
            }
            _ => false,
        };
        let ahead = self
            .lines
            .get(self.at..)
            .unwrap_or_default()
            .iter()
            .take(self.limits.head_lines);
        may_be
            && ahead
                .filter(|next| classify(**next, self.limits) == Found::Prose && !(self.is_date)(next.text))
                .map(|next| is_paragraph(next.text, self.limits))
                .next()
                .unwrap_or(false)
    }

    fn keep(&mut self, line: Line<'a>) {
        self.part.body.push(line.text.to_owned());
    }

    fn cut(&mut self, line: Line<'a>, kind: RemovedKind, rule: &str) {
        self.part.removed.push(removed(line, kind, rule));
    }

    fn add_keywords(&mut self, value: &str) {
        for entry in keywords(value) {
            if !self.part.keywords.contains(&entry) {
                self.part.keywords.push(entry);
            }
        }
    }

    fn name_source(&mut self, value: &str) {
        let value = value.trim_end_matches('.').trim();
        for name in value
            .split(['،', ',', '/', '+', '–', '—', '|', ';', '؛'])
            .map(|name| name.trim_matches(|c: char| c.is_whitespace() || "«»\"“”".contains(c)))
            .filter(|name| !name.is_empty())
        {
            let place = if is_agency(name) {
                &mut self.part.agency
            } else {
                &mut self.part.source
            };
            if place.is_none() {
                *place = Some(name.to_owned());
            }
        }
    }

    /// Below "Read also:": another article, or headlines of others.
    fn below_heading(&mut self, rule: &str) {
        let ahead = self.lines.get(self.at..).unwrap_or_default();
        let (first, second) = (ahead.first().copied(), ahead.get(1).copied());
        let plain = |line: Line<'_>| classify(line, self.limits) == Found::Prose;
        if let (Some(first), Some(second)) = (first, second)
            && is_title(first.text, self.limits)
            && plain(first)
            && self.begins_article(first.text, second.text)
        {
            if self.split {
                self.begin(first.text);
                self.at += 1;
            } else {
                self.cut_rest(rule);
            }
            return;
        }
        while let Some(line) = self.lines.get(self.at).copied() {
            if !is_title(line.text, self.limits) || is_paragraph(line.text, self.limits) || !plain(line) {
                break;
            }
            self.at += 1;
            self.cut(line, RemovedKind::Teaser, rule);
        }
    }

    /// Below "Tags": a keyword a line, up to the first line that can be something else. The word alone is also a headline.
    fn below_keywords(&mut self, line: Line<'a>, rule: &Rule) {
        let is_keyword = |at: usize| {
            let is_short = |line: &Line<'_>| words_up_to(line.text, self.limits.keyword + 1) <= self.limits.keyword;
            let headline = self
                .lines
                .get(at + 1)
                .is_some_and(|below| is_paragraph(below.text, self.limits));
            let own = self
                .lines
                .get(at)
                .filter(|line| is_short(line) && is_title(line.text, self.limits));
            !headline && own.is_some_and(|line| classify(*line, self.limits) == Found::Prose)
        };
        let marked = line.text.ends_with([':', '：']);
        if !marked && (self.part.body.is_empty() || !is_keyword(self.at)) {
            return self.prose(line);
        }
        let end = (self.at..self.lines.len())
            .find(|at| !is_keyword(*at))
            .unwrap_or(self.lines.len());
        self.cut(line, RemovedKind::Keywords, &rule.full_name());
        self.part.over = !self.part.body.is_empty();
        while self.at < end {
            if let Some(line) = self.lines.get(self.at).copied() {
                self.cut(line, RemovedKind::Keywords, &rule.full_name());
                self.add_keywords(line.text);
            }
            self.at += 1;
        }
    }

    /// "Read also: HEADLINE" on one line, with the other article's paragraphs below it.
    fn headline_behind_teaser(&mut self, line: Line<'a>) {
        let Some(next) = self.lines.get(self.at).copied() else {
            return;
        };
        let Some(found) = behind_teaser_phrase(line.text) else {
            return;
        };
        let headline = found.rest.trim_start_matches([' ', ':', '：', '|', '>', '-', '–', '—']);
        let untitled = self.split && self.part.title.is_empty() && self.part.body.is_empty();
        if untitled && is_paragraph(next.text, self.limits) && shared(headline, next.text) >= TITLE_SHARE {
            self.cut_phrase_only(line, headline);
            headline.clone_into(&mut self.part.title);
        } else if self.part.over && self.begins_article(headline, next.text) {
            if self.split {
                self.cut_phrase_only(line, headline);
                self.begin(headline);
            } else {
                self.cut_rest(&found.phrase.rule.full_name());
            }
        }
    }

    /// The headline is not cut: only the words before it.
    fn cut_phrase_only(&mut self, line: Line<'_>, headline: &str) {
        if let Some(teaser) = self.part.removed.last_mut()
            && let Some(phrase) = line.text.strip_suffix(headline)
        {
            phrase.trim_end().clone_into(&mut teaser.text);
        }
    }

    /// Whether `title` with `paragraph` below it is another article: the first one is over, or the paragraph tells of
    /// this title and not of the first article's.
    fn begins_article(&self, title: &str, paragraph: &str) -> bool {
        if !is_paragraph(paragraph, self.limits) || self.part.body.is_empty() {
            return false;
        }
        self.part.over || shared(title, paragraph) > shared(&self.part.title, paragraph)
    }

    /// A second publication line, with a headline above it and a paragraph below: another article has begun.
    fn begin_above(&mut self) {
        let over = self.part.published.is_some() || self.part.over;
        let below = self
            .lines
            .get(self.at)
            .is_some_and(|next| is_paragraph(next.text, self.limits));
        if !self.split || !over || !below || self.part.body.len() < 2 {
            return;
        }
        let is_headline = |line: &String| is_title(line, self.limits) && !ends_sentence(line) && line.contains(' ');
        if let Some(title) = self.part.body.pop_if(|line| is_headline(line)) {
            self.begin(&title);
        }
    }

    fn begin(&mut self, title: &str) {
        let part = Part {
            title: title.to_owned(),
            ..Part::default()
        };
        self.done.push(std::mem::replace(&mut self.part, part));
    }

    /// An article that is handed over alone does not hold another one.
    fn cut_rest(&mut self, rule: &str) {
        while let Some(line) = self.lines.get(self.at).copied() {
            self.at += 1;
            self.cut(line, RemovedKind::Teaser, rule);
        }
    }
}

/// Part of a title's words that a text has, 0 to 1.
fn shared(title: &str, text: &str) -> f64 {
    let (title, text) = (long_words(title), long_words(text));
    title.intersection(&text).count() as f64 / title.len().max(1) as f64
}

/// The words of a text but the shortest, folded.
fn long_words(text: &str) -> BTreeSet<String> {
    fold(text)
        .split(' ')
        .filter(|word| word.chars().count() > 2 && !word.chars().all(char::is_numeric))
        .map(str::to_owned)
        .collect()
}

/// The rule for a line that is the name of a section, perhaps with the name of a narrower one behind a sign.
fn section(line: &str) -> Option<String> {
    at_start(line)
        .into_iter()
        .filter(|found| found.phrase.rule.place == Place::Head)
        .find(|found| {
            let rest = found.rest.trim();
            rest.is_empty()
                || rest.starts_with(['-', '–', '—', '/', '|', '>', '›', '»', ':', '.']) && words_up_to(rest, 5) < 5
        })
        .map(|found| found.phrase.rule.full_name())
}

/// Whether the table alone says that a line goes.
fn is_cut(line: Line<'_>, limits: &Settings) -> bool {
    matches!(
        classify(line, limits),
        Found::Label(..) | Found::Furniture(_) | Found::Heading(_)
    )
}

/// Several short entries between slashes or dashes: the way to the page, or its foot. A headline can look like that.
fn is_row(line: &str) -> bool {
    [" / ", " – ", " — ", " - ", "/"].iter().any(|sign| {
        let entries: Vec<&str> = line.split(sign).collect();
        entries.len() >= 3
            && entries
                .iter()
                .all(|entry| (1..=4).contains(&entry.split_whitespace().count()))
    })
}

/// A row of links: several short entries between bars or arrows.
fn is_menu(line: &str) -> bool {
    let entries: Vec<&str> = line.split(['|', '›', '»', '·', '•', '>']).collect();
    entries.len() >= 3 && entries.iter().all(|entry| entry.split_whitespace().count() <= 4)
}
