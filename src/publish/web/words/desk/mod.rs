//! The words of corrections: panels, previews, notices, the list of corrections, decisions of the review list.

pub mod ar;
pub mod en;

use super::Words;

/// What is said about corrections in one language. `{name}` stands for what is put in.
pub struct DeskWords {
    pub correct: &'static str,
    pub corrections: &'static str,
    pub corrections_meaning: &'static str,
    pub corrections_empty: &'static str,
    pub corrections_more: &'static str,
    pub an_editor: &'static str,
    pub author: &'static str,
    pub correction: &'static str,
    pub made: &'static str,

    // The panel of a story.
    pub ticked: &'static str,
    pub ticked_hint: &'static str,
    pub to_articles: &'static str,
    pub to_form: &'static str,
    pub ticked_elsewhere: &'static str,
    pub first_page: &'static str,
    pub select: &'static str,
    pub new_title: &'static str,
    pub split_off: &'static str,
    pub to_which: &'static str,
    pub another_story: &'static str,
    pub own_story: &'static str,
    pub move_there: &'static str,
    pub they_stay: &'static str,
    pub never: &'static str,
    pub always: &'static str,
    pub two_stories: &'static str,
    pub other_story: &'static str,
    pub they_are_one: &'static str,
    pub never_one: &'static str,
    pub naming: &'static str,
    pub title: &'static str,
    pub title_language: &'static str,
    pub as_the_title: &'static str,
    pub rename: &'static str,
    pub note: &'static str,
    pub add_note: &'static str,
    // The panel of an article.
    pub belongs: &'static str,
    pub it_stays: &'static str,
    pub two_articles: &'static str,
    pub other_article: &'static str,
    pub another_article: &'static str,

    // What is asked, by kind.
    pub asked: &'static [(&'static str, &'static str)],
    pub titled: &'static str,
    /// A renaming, where it is known what the name was before.
    pub renamed_from: &'static str,
    pub and_more: &'static str,
    pub new_story: &'static str,
    pub began: &'static str,

    // Before it is done.
    pub check: &'static str,
    pub moves: &'static str,
    pub ends: &'static str,
    pub goes_on: &'static str,
    pub renamed_again: &'static str,
    pub named_by_articles: &'static str,
    pub rows_may_change: &'static str,
    pub holds_no_more: &'static str,
    pub nothing_moves: &'static str,
    pub earlier: &'static str,
    pub watches: &'static str,
    pub touches_nothing: &'static str,
    pub since: &'static str,
    pub since_title: &'static str,
    pub since_kept: &'static str,
    pub your_name: &'static str,
    pub your_name_meaning: &'static str,
    pub reason: &'static str,
    pub optional: &'static str,
    pub do_it: &'static str,
    pub look_again: &'static str,
    pub back: &'static str,
    pub which_story: &'static str,
    pub which_meaning: &'static str,
    pub none_fits: &'static str,
    pub undo_title: &'static str,
    pub redo_title: &'static str,

    // Why not.
    pub refused: &'static str,
    pub no_correction: &'static str,
    pub not_placed: &'static str,
    pub in_the_way: &'static str,
    pub way_on: &'static str,
    pub done_already: &'static str,
    pub who_decides: &'static str,
    pub say_who: &'static str,
    pub unknown_form: &'static str,
    pub lacks_story: &'static str,
    pub too_many: &'static str,
    /// By kind and field.
    pub invalid: &'static [(&'static str, &'static str, &'static str)],

    // After it is done.
    pub done: &'static str,
    pub undone: &'static str,
    pub undone_why: &'static str,
    pub undo: &'static str,
    pub redo: &'static str,

    // The review list.
    pub wrong_move: &'static str,
    pub wrong_alone: &'static str,
    pub wrong_split: &'static str,
    pub wrong_merge: &'static str,
    pub right_placement: &'static str,
    pub right_story: &'static str,
    pub right_merge: &'static str,
    pub some_of_it: &'static str,
    pub first_part: &'static str,
    pub second_part: &'static str,
    pub deciding_as: &'static str,
    pub key_right: &'static str,
    pub key_wrong: &'static str,
    pub key_undo: &'static str,
    pub key_correct: &'static str,
}

impl DeskWords {
    /// What a kind of correction asks, as a sentence to be filled.
    pub fn sentence(&self, kind: &str) -> &'static str {
        let found = self.asked.iter().find(|(one, _)| *one == kind);
        found.map_or("", |(_, sentence)| sentence)
    }

    /// Why a correction of a kind makes no sense, by the field at fault.
    pub fn why_invalid(&self, kind: &str, field: &str) -> Option<&'static str> {
        self.invalid
            .iter()
            .find(|(one, at, _)| (one.is_empty() || *one == kind) && *at == field)
            .map(|(.., sentence)| *sentence)
    }
}

impl Words {
    /// `Lena` or, where nobody signed, `an editor`.
    pub fn editor<'a>(&self, author: Option<&'a str>) -> &'a str {
        author.unwrap_or(self.desk.an_editor)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ALL;

    #[test]
    fn every_kind_of_correction_is_said_in_every_language() {
        for words in ALL {
            for kind in [
                "merge",
                "split",
                "move",
                "pin",
                "rename",
                "never-together",
                "always-together",
                "note",
            ] {
                assert!(!words.desk.sentence(kind).is_empty(), "{}: {kind}", words.code);
            }
            for (kind, field) in [
                ("split", "articles"),
                ("always-together", "articles"),
                ("never-together", "articles"),
                ("merge", "stories"),
                ("rename", "title"),
                ("rename", "lang"),
                ("note", "text"),
            ] {
                let said = words.desk.why_invalid(kind, field);
                assert!(said.is_some(), "{}: {kind} {field}", words.code);
            }
        }
    }
}
