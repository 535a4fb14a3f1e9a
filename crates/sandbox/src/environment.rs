//! Which variables of our own environment a started program sees. Everything else (tokens, keys, proxies) is left out.

use std::ffi::OsStr;
#[cfg(target_os = "linux")]
use std::ffi::OsString;

/// Names passed on as they are. Beside language and time zone they only say where installed tools lie.
const INHERITED: [&str; 26] = [
    "ASDF_DIR",
    "CARGO_HOME",
    "CONDA_PREFIX",
    "DENO_INSTALL",
    "GOPATH",
    "GOROOT",
    "HOME",
    "JAVA_HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "NVM_BIN",
    "NVM_DIR",
    "PATH",
    "PYENV_ROOT",
    "PYENV_VERSION",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "SHELL",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
    "VOLTA_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_DIRS",
];

#[cfg(target_os = "linux")]
/// Variables of our own environment that programs inherit, with `own` put over them; sorted by name.
pub(crate) fn merged<'a>(
    own: impl IntoIterator<Item = &'a (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    let mut all: std::collections::BTreeMap<OsString, OsString> =
        std::env::vars_os().filter(|(name, _)| is_inherited(name)).collect();
    all.extend(own.into_iter().cloned());
    all.into_iter().collect()
}

/// Whether a variable of ours reaches the programs we start without being named.
pub fn is_inherited(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| INHERITED.binary_search(&name).is_ok() || name.starts_with("LC_"))
}

#[cfg(target_os = "linux")]
/// `NAME=value`.
pub(crate) fn line((name, value): &(OsString, OsString)) -> OsString {
    let mut line = name.clone();
    line.push("=");
    line.push(value);
    line
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_for_the_search() {
        assert!(INHERITED.is_sorted());
    }

    #[test]
    fn secrets_stay_behind_and_languages_do_not() {
        assert!(!is_inherited(OsStr::new("AWS_SECRET_ACCESS_KEY")));
        assert!(!is_inherited(OsStr::new("LD_PRELOAD")));
        assert!(is_inherited(OsStr::new("LC_ALL")) && is_inherited(OsStr::new("PATH")));
    }

    #[test]
    fn what_the_caller_says_wins() {
        let own = [(OsString::from("PATH"), OsString::from("/only"))];
        assert!(merged(&own).contains(&own[0]));
        assert_eq!(merged(&own).iter().filter(|(name, _)| name == "PATH").count(), 1);
    }
}
