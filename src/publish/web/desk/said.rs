//! Corrections in words: what is asked, what it would come to, how it stands, and why it was refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::correction::Correction;
use crate::pipeline::CorrectionError;
use crate::publish::web::names::StoryNames;
use crate::publish::web::phrase::{Link, Part, phrase, phrase_of};
use crate::publish::web::words::Words;
use crate::store::read::{CorrectionView, Headline};
use crate::store::{Store, StoreError};

/// Articles or stories that a sentence names.
const NAMED: usize = 4;

/// Headlines of the stories and articles that corrections name.
pub struct Names {
    stories: StoryNames,
    articles: BTreeMap<String, Headline>,
    /// What stories were called before renamings, by the correction's number; a preview has none.
    before: BTreeMap<Option<u64>, String>,
    /// What the story is called once a renaming is undone and its articles name it again.
    by_articles: Option<String>,
}

impl Names {
    /// Of some corrections, with what they came to.
    pub fn of<'a>(
        store: &Store,
        words: &Words,
        views: impl IntoIterator<Item = &'a CorrectionView>,
    ) -> Result<Self, StoreError> {
        let (mut stories, mut articles) = (BTreeSet::new(), BTreeSet::new());
        let (mut before, mut by_articles) = (BTreeMap::new(), None);
        for view in views {
            if let Correction::Rename { story_id, .. } = &view.asked {
                let was = match view.number.or(view.undoes.as_ref().map(|undoes| undoes.number)) {
                    Some(number) => store.title_before(story_id, number)?,
                    None => {
                        let now = store.story_headlines(Some(words.code), [story_id.as_str()])?;
                        now.into_values().next().map(|one| one.title)
                    }
                };
                before.extend(was.map(|was| (view.number, was)));
            }
            if let Some(renamed) = view.undoes.as_ref().and_then(|undoes| undoes.renamed.as_ref()) {
                by_articles = store.title_by_articles(&renamed.story_id, words.code)?;
            }
            let (some_stories, some_articles) = named(&view.asked);
            stories.extend(some_stories);
            articles.extend(some_articles);
            stories.extend(view.stories_about.iter().map(String::as_str));
            stories.extend(view.began.iter().flatten().map(String::as_str));
            for moved in &view.moved {
                stories.insert(&moved.from_story_id);
                stories.extend(moved.to_story_id.as_deref());
            }
            let revived = view.undoes.iter().flat_map(|undoes| &undoes.revived);
            for ended in view.ended.iter().chain(revived) {
                stories.extend([ended.story_id.as_str(), ended.merged_into.as_str()]);
            }
        }
        Ok(Self {
            before,
            by_articles,
            ..Self::read(store, words, stories, articles)?
        })
    }

    /// Of what is asked alone.
    pub fn asked(store: &Store, words: &Words, asked: &Correction) -> Result<Self, StoreError> {
        let (stories, articles) = named(asked);
        Self::read(
            store,
            words,
            stories.into_iter().collect(),
            articles.into_iter().collect(),
        )
    }

    fn read(
        store: &Store,
        words: &Words,
        stories: BTreeSet<&str>,
        articles: BTreeSet<&str>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            stories: StoryNames::of(store, words, stories)?,
            articles: store.article_headlines(articles)?,
            before: BTreeMap::new(),
            by_articles: None,
        })
    }

    pub fn story(&self, id: &str) -> Link {
        self.stories.link(id)
    }

    pub fn article(&self, id: &str) -> Link {
        let found = self.articles.get(id);
        Link::article(
            id,
            found.map_or("", |one| &one.title),
            found.map_or("", |one| &one.lang),
        )
    }
}

/// The stories and the articles that a sentence about a correction names.
fn named(asked: &Correction) -> (Vec<&str>, Vec<&str>) {
    match asked {
        Correction::Merge { stories, .. } => (few(stories), Vec::new()),
        Correction::Split { story_id, articles, .. } | Correction::Move { articles, story_id } => {
            (vec![story_id.as_str()], few(articles))
        }
        Correction::Pin { articles } | Correction::AlwaysTogether { articles } => (Vec::new(), few(articles)),
        Correction::NeverTogether { articles, stories } => (few(stories), few(articles)),
        Correction::Rename { story_id, .. } | Correction::Note { story_id, .. } => {
            (vec![story_id.as_str()], Vec::new())
        }
    }
}

fn few(ids: &[String]) -> Vec<&str> {
    ids.iter().take(NAMED).map(String::as_str).collect()
}

/// Links one after the other; of many the first, and how many more there are.
fn listed(words: &Words, ids: &[String], link: impl Fn(&str) -> Link) -> Vec<Part> {
    let mut parts = Vec::new();
    for id in ids.iter().take(NAMED) {
        if !parts.is_empty() {
            parts.push(Part::Text(words.list_comma.to_owned()));
        }
        parts.push(Part::Link(link(id)));
    }
    if let Some(more) = ids.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let more = words.desk.and_more.replace("{n}", &words.number(more as u64));
        parts.push(Part::Text(format!("{}{more}", words.list_comma)));
    }
    parts
}

/// What is asked; `number` is that of the correction once it is made.
pub fn asked(words: &Words, names: &Names, asked: &Correction, number: Option<u64>) -> Vec<Part> {
    let sentence = words.desk.sentence(asked.kind());
    let stories = |ids: &[String]| listed(words, ids, |id| names.story(id));
    let articles = |ids: &[String]| listed(words, ids, |id| names.article(id));
    let story = |id: &str| vec![Part::Link(names.story(id))];
    let quoted = |text: &str| vec![Part::Quoted(text.to_owned())];
    match asked {
        Correction::Merge { stories: ids, .. } => phrase_of(sentence, &[("stories", stories(ids))]),
        Correction::Split {
            story_id,
            articles: ids,
            title,
            ..
        } => {
            let mut parts = phrase_of(sentence, &[("story", story(story_id)), ("articles", articles(ids))]);
            if let Some(title) = title {
                parts.push(Part::Text(" ".to_owned()));
                parts.extend(phrase_of(words.desk.titled, &[("title", quoted(title))]));
            }
            parts
        }
        Correction::Move {
            articles: ids,
            story_id,
        } => phrase_of(sentence, &[("story", story(story_id)), ("articles", articles(ids))]),
        Correction::Pin { articles: ids } | Correction::AlwaysTogether { articles: ids } => {
            phrase_of(sentence, &[("articles", articles(ids))])
        }
        Correction::NeverTogether {
            articles: ids,
            stories: of,
        } => {
            let either = if ids.is_empty() { stories(of) } else { articles(ids) };
            phrase_of(sentence, &[("either", either)])
        }
        Correction::Rename { story_id, title, .. } => {
            // By its id: its name is what is changed.
            let id = vec![Part::Link(Link::story(story_id, "", ""))];
            let title = ("title", quoted(title));
            match names.before.get(&number) {
                Some(before) => phrase_of(
                    words.desk.renamed_from,
                    &[("story", id), title, ("before", quoted(before))],
                ),
                None => phrase_of(sentence, &[("story", id), title]),
            }
        }
        Correction::Note { story_id, text } => {
            phrase_of(sentence, &[("story", story(story_id)), ("text", quoted(text))])
        }
    }
}

/// `Lena, 3 May 2024, 10:00`.
pub fn made(words: &Words, view: &CorrectionView) -> String {
    let at = words.date(view.at.as_deref().unwrap_or_default());
    let made = words.desk.made.replace("{at}", &at);
    made.replace("{author}", words.editor(view.by.author.as_deref()))
}

/// How a correction stands: what it decided, or that it was undone, and by whom.
pub fn standing(words: &Words, names: &Names, view: &CorrectionView) -> Vec<Part> {
    let number = Part::Text(words.number(view.number.unwrap_or_default()));
    let what = asked(words, names, &view.asked, view.number);
    let quoted = |author: Option<&str>| vec![Part::Quoted(words.editor(author).to_owned())];
    match &view.undone_at {
        None => {
            let author = ("author", quoted(view.by.author.as_deref()));
            let mut parts = phrase_of(words.desk.done, &[("n", vec![number]), author, ("said", what)]);
            for story in view.began.iter().flatten() {
                parts.push(Part::Text(" ".to_owned()));
                parts.extend(phrase(words.desk.began, &[("story", Part::Link(names.story(story)))]));
            }
            parts
        }
        Some(at) => phrase_of(
            words.desk.undone,
            &[
                ("n", vec![number]),
                ("author", quoted(view.undone_by.as_deref())),
                ("at", vec![Part::Text(words.date(at))]),
                ("said", what),
            ],
        ),
    }
}

/// What would move from one story to another.
pub struct Moving {
    pub said: Vec<Part>,
    pub articles: Vec<Link>,
}

/// What a correction would come to, story by story.
pub fn moving(words: &Words, names: &Names, view: &CorrectionView) -> Vec<Moving> {
    let mut ways: BTreeMap<(&str, Option<&str>), Vec<Link>> = BTreeMap::new();
    for moved in &view.moved {
        ways.entry((&moved.from_story_id, moved.to_story_id.as_deref()))
            .or_default()
            .push(Link::article(&moved.article_id, &moved.title, &moved.lang));
    }
    // One way alone is counted whole, also where not all of its articles are listed.
    let single = ways.len() == 1;
    ways.into_iter()
        .map(|((from, to), articles)| {
            let count = if single { view.moved_articles } else { articles.len() };
            let to = match to {
                Some(id) => Part::Link(names.story(id)),
                None => Part::Text(words.desk.new_story.to_owned()),
            };
            Moving {
                said: phrase(
                    words.desk.moves,
                    &[
                        ("articles", Part::Text(words.articles(count as u64))),
                        ("from", Part::Link(names.story(from))),
                        ("to", to),
                    ],
                ),
                articles,
            }
        })
        .collect()
}

/// Stories that would end; of an undo, too, those that would go on, a title that goes, and what would hold no more.
pub fn ending(words: &Words, names: &Names, view: &CorrectionView) -> Vec<Vec<Part>> {
    let link = |id: &str| Part::Link(names.story(id));
    let mut said: Vec<Vec<Part>> = Vec::new();
    if let Some(undoes) = &view.undoes {
        for one in &undoes.revived {
            said.push(phrase(words.desk.goes_on, &[("story", link(&one.story_id))]));
        }
        if let Some(renamed) = &undoes.renamed {
            let story = ("story", Part::Link(Link::story(&renamed.story_id, "", "")));
            said.push(match &renamed.title {
                Some(title) => phrase(
                    words.desk.renamed_again,
                    &[story, ("title", Part::Quoted(title.clone()))],
                ),
                None => {
                    let title = names.by_articles.clone().unwrap_or_default();
                    phrase(words.desk.named_by_articles, &[story, ("title", Part::Quoted(title))])
                }
            });
        }
    }
    for ended in &view.ended {
        let to = ("to", link(&ended.merged_into));
        said.push(phrase(words.desk.ends, &[("story", link(&ended.story_id)), to]));
    }
    if !view.moved.is_empty() {
        said.push(vec![Part::Text(words.desk.rows_may_change.to_owned())]);
    }
    if view.undoes.is_some() {
        said.push(vec![Part::Text(words.desk.holds_no_more.to_owned())]);
    }
    said
}

/// Why something was refused, and the correction to undo first.
pub struct Trouble {
    pub said: Vec<Part>,
    pub blocker: Option<u64>,
    /// Something is to be entered; then it can be done.
    pub entry: bool,
}

impl Trouble {
    pub fn plain(said: &str) -> Self {
        Self {
            said: vec![Part::Text(said.to_owned())],
            blocker: None,
            entry: false,
        }
    }

    /// A sentence with somebody's words in it.
    pub fn filled(sentence: &str, name: &str, quoted: &str) -> Self {
        Self {
            said: phrase(sentence, &[(name, Part::Quoted(quoted.to_owned()))]),
            ..Self::plain("")
        }
    }

    /// In the reader's words; `None` for what is no fault of the editor's.
    pub fn of(store: &Store, words: &Words, kind: &str, error: &CorrectionError) -> Result<Option<Self>, StoreError> {
        let id = |sentence: &str, id: &str| Self::filled(sentence, "id", id);
        Ok(Some(match error {
            CorrectionError::NoArticle(one) => id(words.no_such_article, one),
            CorrectionError::NoStory(one) => id(words.no_such_story, one),
            CorrectionError::NoCorrection(number) => id(words.desk.no_correction, &number.to_string()),
            CorrectionError::NotPlaced(one) => id(words.desk.not_placed, one),
            CorrectionError::State(_) => Self::plain(words.desk.done_already),
            CorrectionError::Invalid { field, why } => match words.desk.why_invalid(kind, field) {
                Some(sentence) => Self::plain(sentence),
                None => Self::filled("{why}", "why", why),
            },
            CorrectionError::Conflict { correction, why } => match store.correction(*correction)? {
                Some(view) => {
                    let names = Names::of(store, words, [&view])?;
                    let mut said = phrase_of(
                        words.desk.in_the_way,
                        &[
                            ("n", vec![Part::Text(words.number(*correction))]),
                            ("made", vec![Part::Quoted(made(words, &view))]),
                            ("said", asked(words, &names, &view.asked, view.number)),
                        ],
                    );
                    said.push(Part::Text(format!(" {}", words.desk.way_on)));
                    Self {
                        said,
                        blocker: Some(*correction),
                        entry: false,
                    }
                }
                None => Self::filled("{why}", "why", why),
            },
            CorrectionError::Changed(_)
            | CorrectionError::Closed
            | CorrectionError::Store(_)
            | CorrectionError::Pipeline(_) => return Ok(None),
        }))
    }
}
