//! Tokens and their roles, in a file that holds their digests alone.
//!
//! In: a path. Out: the tokens in it; a new token's text, once. A token is 256 random bits, so one round of SHA-256 is
//! enough to keep it: there is nothing to guess. The file is replaced as a whole, so a reader never sees half of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// What every token's text begins with, so that a scanner for leaked secrets can find it.
const PREFIX: &str = "silsila_";
/// Random bytes of a token.
const BYTES: usize = 32;
/// Characters of a token's name, at most.
const NAME: usize = 64;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read stories, articles, changes, pages and metrics.
    Read,
    /// Hand in articles and documents, and nothing else: a feeder's token that leaks gives nothing away.
    Ingest,
    /// Read, and make corrections.
    Edit,
    /// Everything.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Read, Self::Ingest, Self::Edit, Self::Admin];

    /// Whether a token of this role may do what `needed` stands for.
    pub fn may(self, needed: Self) -> bool {
        self == Self::Admin || self == needed || (self == Self::Edit && needed == Self::Read)
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Ingest => "ingest",
            Self::Edit => "edit",
            Self::Admin => "admin",
        }
    }
}

/// The SHA-256 of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The digest of a secret's text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Whether both are the same, in a time that does not tell where they differ.
    pub fn is(&self, other: &Self) -> bool {
        let differ = self.0.iter().zip(&other.0).fold(0, |differ, (a, b)| differ | (a ^ b));
        std::hint::black_box(differ) == 0
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        serializer.serialize_str(&hex)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom("a digest is 64 hexadecimal digits");
        let mut digest = [0; 32];
        if hex.len() != 64 {
            return Err(wrong());
        }
        for (at, byte) in digest.iter_mut().enumerate() {
            let two = hex.get(at * 2..at * 2 + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(two, 16).map_err(|_| wrong())?;
        }
        Ok(Self(digest))
    }
}

/// One token, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Who has it: the author of the corrections made with it, and its name in logs.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// The digest of its text.
    pub sha256: Secret,
}

/// Why tokens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The disk refuses.
    #[error("the tokens in {file} cannot be {what}: {error}")]
    Io {
        /// The file.
        file: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// Not what [`add`] writes.
    #[error("{file} holds no tokens that can be read ({error}); mend it, or remove it and add tokens anew")]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        error: serde_json::Error,
    },
    /// A name that would not be told apart.
    #[error("there is a token with the name {0:?} already; give another one by --name, or revoke that one first")]
    Taken(String),
    /// A name that cannot be shown.
    #[error("{0:?} is no name: 1 to {NAME} letters, digits, spaces and signs, without control characters")]
    Name(String),
    /// Nothing to revoke.
    #[error("there is no token with the name {name:?} in {file}; `silsila token list` shows those there are")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The file.
        file: PathBuf,
    },
    /// The system gives no randomness.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    tokens: Vec<Token>,
}

/// The tokens in a file; none when there is no file.
///
/// # Errors
/// When it cannot be read.
pub fn read(file: &Path) -> Result<Vec<Token>, TokensError> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice::<Written>(&bytes)
            .map(|written| written.tokens)
            .map_err(|error| TokensError::Invalid {
                file: file.to_owned(),
                error,
            }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(file, "read", error)),
    }
}

/// Makes a token and gives its text, which is kept nowhere. Without a name it is called after its role.
///
/// # Errors
/// When the name is taken or cannot be shown, or the file cannot be written.
pub fn add(file: &Path, role: Role, name: Option<&str>, now: DateTime<Utc>) -> Result<(String, String), TokensError> {
    let _lock = lock(file)?;
    let mut tokens = read(file)?;
    let name = match name {
        Some(name) => name.trim().to_owned(),
        None => (1..)
            .map(|number: u32| format!("{}-{number}", role.name()))
            .find(|name| tokens.iter().all(|token| token.name != *name))
            .unwrap_or_default(),
    };
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(is_invisible) {
        return Err(TokensError::Name(name));
    }
    if tokens.iter().any(|token| token.name == name) {
        return Err(TokensError::Taken(name));
    }
    let text = random_text()?;
    tokens.push(Token {
        name: name.clone(),
        role,
        created: now,
        sha256: Secret::of(&text),
    });
    write(file, tokens)?;
    Ok((name, text))
}

/// Takes a token out; a running service notices within a second.
///
/// # Errors
/// When there is none of this name, or the file cannot be written.
pub fn revoke(file: &Path, name: &str) -> Result<(), TokensError> {
    let _lock = lock(file)?;
    let mut tokens = read(file)?;
    let before = tokens.len();
    tokens.retain(|token| token.name != name);
    if tokens.len() == before {
        return Err(TokensError::Unknown {
            name: name.to_owned(),
            file: file.to_owned(),
        });
    }
    write(file, tokens)
}

/// 256 random bits, as text.
pub(super) fn random_text() -> Result<String, TokensError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| TokensError::Random(error.to_string()))?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Characters that a name must not hide: controls, and marks that turn the direction of what follows.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn failed(file: &Path, what: &'static str, error: io::Error) -> TokensError {
    TokensError::Io {
        file: file.to_owned(),
        what,
        error,
    }
}

/// Held while the file is read and written, so that two commands at once lose nothing.
fn lock(file: &Path) -> Result<File, TokensError> {
    let locked = || -> io::Result<File> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let lock = private().truncate(false).open(beside(file, "lock"))?;
        lock.lock()?;
        Ok(lock)
    };
    locked().map_err(|error| failed(file, "locked", error))
}

fn write(file: &Path, tokens: Vec<Token>) -> Result<(), TokensError> {
    let written = || -> io::Result<()> {
        let new = beside(file, "new");
        let mut out = private().truncate(true).open(&new)?;
        out.write_all(&serde_json::to_vec_pretty(&Written { tokens })?)?;
        out.write_all(b"\n")?;
        out.sync_all()?;
        std::fs::rename(&new, file)?;
        match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    written().map_err(|error| failed(file, "written", error))
}

/// For files that other users of the machine need not read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(end);
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_imply_as_they_are_documented() {
        use Role::{Admin, Edit, Ingest, Read};
        let may: Vec<(Role, Role)> = Role::ALL
            .into_iter()
            .flat_map(|role| Role::ALL.map(|needed| (role, needed)))
            .filter(|(role, needed)| role.may(*needed))
            .collect();
        let all = [(Admin, Read), (Admin, Ingest), (Admin, Edit), (Admin, Admin)];
        let mut expected = vec![(Read, Read), (Ingest, Ingest), (Edit, Read), (Edit, Edit)];
        expected.extend(all);
        assert_eq!(may, expected);
    }

    #[test]
    fn a_token_is_kept_as_its_digest_and_revoked_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("deep/tokens.json");
        assert_eq!(read(&file).unwrap(), []);
        let now = DateTime::UNIX_EPOCH;
        let (name, text) = add(&file, Role::Edit, Some(" desk "), now).unwrap();
        assert_eq!((name.as_str(), text.len()), ("desk", PREFIX.len() + 43));
        assert_eq!(add(&file, Role::Read, None, now).unwrap().0, "read-1");
        assert_eq!(add(&file, Role::Read, None, now).unwrap().0, "read-2");
        let kept = std::fs::read_to_string(&file).unwrap();
        assert!(
            !kept.contains(&text) && !kept.contains(text.trim_start_matches(PREFIX)),
            "{kept}"
        );
        let tokens = read(&file).unwrap();
        assert!(tokens[0].sha256.is(&Secret::of(&text)) && !tokens[1].sha256.is(&Secret::of(&text)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(matches!(
            add(&file, Role::Read, Some("desk"), now),
            Err(TokensError::Taken(_))
        ));
        for name in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(65)] {
            assert!(
                matches!(add(&file, Role::Read, Some(name), now), Err(TokensError::Name(_))),
                "{name:?}"
            );
        }
        revoke(&file, "desk").unwrap();
        let said = revoke(&file, "desk").unwrap_err().to_string();
        assert!(
            said.contains("\"desk\"") && said.contains("silsila token list"),
            "{said}"
        );
        let names: Vec<String> = read(&file).unwrap().into_iter().map(|token| token.name).collect();
        assert_eq!(names, ["read-1", "read-2"]);
    }

    #[test]
    fn a_file_that_holds_something_else_is_refused_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tokens.json");
        for wrong in [
            "",
            "[]",
            r#"{"tokens":[{"name":"a","role":"king","created":"2026-01-01T00:00:00Z","sha256":"00"}]}"#,
        ] {
            std::fs::write(&file, wrong).unwrap();
            let said = read(&file).unwrap_err().to_string();
            assert!(said.contains("tokens.json") && said.contains("line 1"), "{said}");
            assert!(
                add(&file, Role::Read, None, DateTime::UNIX_EPOCH).is_err(),
                "it is left alone"
            );
            assert_eq!(std::fs::read_to_string(&file).unwrap(), wrong);
        }
    }
}
