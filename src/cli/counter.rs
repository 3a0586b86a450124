//! How far a command is: a line that changes on a terminal; elsewhere a line now and then, once it takes long.
//!
//! Both on standard error, so that what is printed for programs stays clean.

use std::io::{self, IsTerminal, Read};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What takes less says nothing of itself where there is no terminal; then a line follows each time that it has passed again.
const EVERY: Duration = Duration::from_secs(10);
/// A clock is not asked for every line.
const ASKED: u64 = 1024;

/// Counts what is done.
pub(super) struct Counter {
    bar: Option<ProgressBar>,
    of: &'static str,
    begun: Instant,
    said: Instant,
    count: u64,
    asked: u64,
    every: Duration,
}

impl Counter {
    /// Of things by this name. `shown` is whether a line that changes would stand in nothing's way.
    pub fn new(of: &'static str, shown: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let bar = (terminal && shown).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) =
                ProgressStyle::with_template(&format!("{{spinner}} {{pos}} {of} ({{per_sec}}), {{elapsed}}"))
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            of,
            begun: now,
            said: now,
            count: 0,
            asked: 0,
            // A terminal on which nothing may change is left alone, too.
            every: if terminal { Duration::MAX } else { EVERY },
        }
    }

    /// So many more are done.
    pub fn add(&mut self, more: u64) {
        if let Some(line) = self.line(more) {
            eprintln!("{line}");
        }
    }

    /// The line that is due, if one is.
    fn line(&mut self, more: u64) -> Option<String> {
        self.count += more;
        if let Some(bar) = &self.bar {
            bar.set_position(self.count);
            return None;
        }
        if self.count < self.asked {
            return None;
        }
        self.asked = self.count + ASKED;
        if self.said.elapsed() < self.every {
            return None;
        }
        self.said = Instant::now();
        Some(format!(
            "silsila: {} {} after {} s",
            self.count,
            self.of,
            self.begun.elapsed().as_secs()
        ))
    }

    /// All is done.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A reader whose lines are counted.
pub(super) struct Lines<'a, R> {
    pub inner: R,
    pub counter: &'a mut Counter,
}

impl<R: Read> Read for Lines<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let filled = buffer.get(..read).unwrap_or_default();
        self.counter
            .add(filled.iter().filter(|byte| **byte == b'\n').count() as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(every: Duration) -> Counter {
        let now = Instant::now();
        Counter {
            bar: None,
            of: "lines",
            begun: now,
            said: now,
            count: 0,
            asked: 0,
            every,
        }
    }

    #[test]
    fn a_line_comes_when_time_has_passed() {
        let mut quiet = counter(Duration::from_secs(3600));
        assert!((0..5_000).all(|_| quiet.line(1).is_none()));
        let mut slow = counter(Duration::ZERO);
        let said: Vec<String> = (0..5_000).filter_map(|_| slow.line(1)).collect();
        assert_eq!(said.first().map(String::as_str), Some("silsila: 1 lines after 0 s"));
        assert_eq!(said.len(), 5, "{said:?}");
    }

    #[test]
    fn lines_are_counted_as_they_are_read() {
        let mut counter = counter(Duration::from_secs(3600));
        let mut text = String::new();
        let mut lines = Lines {
            inner: &b"a\nb\nc"[..],
            counter: &mut counter,
        };
        lines.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), counter.count), ("a\nb\nc", 2));
    }
}
