//! Where lines typed in earlier sessions are kept.

use std::path::{Path, PathBuf};

/// `$XDG_STATE_HOME/cutout/history`, `~/.local/state/cutout/history` where that is not set. `None` without a home.
///
/// XDG Base Directory Specification 0.8: the variable counts only when it is an absolute path.
pub fn file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".local/state")))?;
    Some(state.join("cutout/history"))
}

/// Makes the directory of the history file. Without it there is no history, which is no reason to stop.
pub fn prepare(file: &Path) -> bool {
    file.parent()
        .is_some_and(|directory| std::fs::create_dir_all(directory).is_ok())
}
