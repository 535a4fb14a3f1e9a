//! Whether this machine allows namespaces, tried once; and when not, which right is missing and how to give it.

use super::World;
use crate::error::{Denied, WorldError};
use crate::spec::{Fidelity, WorldSpec};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// Tries everything a world needs on an empty tree in the scratch folder; the answer holds for the whole process.
pub(super) fn canary(spec: &WorldSpec) -> Result<(), Fidelity> {
    static TRIED: OnceLock<Result<(), Fidelity>> = OnceLock::new();
    TRIED.get_or_init(|| attempt(&spec.scratch)).clone()
}

fn attempt(scratch: &Path) -> Result<(), Fidelity> {
    let folder = super::scratch::Scratch::create(scratch).map_err(|error| {
        let missing = format!("no folder could be made in {}: {error}", scratch.display());
        Fidelity::Supervised { missing, cure: "name a scratch folder that can be written".into() }
    })?;
    let tree = folder.path().join("tree");
    let made = fs::create_dir(&tree).map_err(|source| WorldError::Tree { tree: tree.clone(), source });
    match made.and_then(|()| World::namespaced(&WorldSpec::new(tree, scratch))) {
        Ok(_) => Ok(()),
        Err(WorldError::Denied(denied)) => Err(supervised(&denied)),
        Err(other) => Err(Fidelity::Supervised { missing: other.to_string(), cure: String::new() }),
    }
}

/// What was denied, with its cure on this machine.
pub(super) fn supervised(denied: &Denied) -> Fidelity {
    Fidelity::Supervised {
        missing: denied.to_string(),
        cure: cure(denied, &|path| fs::read_to_string(path).ok()),
    }
}

fn cure(denied: &Denied, read: &dyn Fn(&str) -> Option<String>) -> String {
    let is = |path: &str, value: &str| read(path).is_some_and(|text| text.trim() == value);
    let status = read("/proc/self/status").unwrap_or_default();
    let filtered = status.lines().any(|line| line.starts_with("Seccomp:") && line.ends_with('2'));
    let container = read("/proc/1/cgroup")
        .is_some_and(|text| text.contains("docker") || text.contains("kubepods"))
        || read("/run/.containerenv").is_some()
        || read("/.dockerenv").is_some();
    if is("/proc/sys/user/max_user_namespaces", "0") {
        return "the machine allows no user namespaces: `sysctl user.max_user_namespaces=15000` as root"
            .into();
    }
    if is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        return "the machine keeps user namespaces to root: `sysctl kernel.unprivileged_userns_clone=1` as root".into();
    }
    if is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") {
        return "AppArmor keeps user namespaces to root (Ubuntu 23.10 and later): \
                `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, or an AppArmor profile that grants \
                `userns` to this program"
            .into();
    }
    if denied.what.contains("mount proc") {
        return "this container hides parts of /proc, and so no fresh one may be mounted: start it with \
                `--security-opt systempaths=unconfined`"
            .into();
    }
    match denied.error.raw_os_error() {
        Some(libc::ENOSYS | libc::EINVAL) => {
            "this kernel is older than Linux 5.12, or built without namespaces".into()
        }
        Some(libc::ENOSPC | libc::EUSERS) => {
            "the machine's limit of namespaces is reached: raise `user.max_*_namespaces`".into()
        }
        _ if filtered && container => "this container's seccomp profile forbids namespaces: start it with \
                                       `--security-opt seccomp=unconfined --security-opt apparmor=unconfined`"
            .into(),
        _ if filtered => "a seccomp filter forbids namespaces: run outside of what set it".into(),
        _ => "allow this user to make user namespaces (user_namespaces(7)) and to mount in them".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cure_with(files: &[(&str, &str)], what: &str, error: i32) -> String {
        let read =
            |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
        cure(&Denied::new(what, error), &read)
    }

    #[test]
    fn each_missing_right_has_its_own_cure() {
        let apparmor = [("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n")];
        assert!(cure_with(&apparmor, "mount overlay at merged", libc::EACCES).contains("apparmor_restrict"));
        let none = [("/proc/sys/user/max_user_namespaces", "0\n")];
        assert!(cure_with(&none, "make a user namespace", libc::ENOSPC).contains("max_user_namespaces"));
        let debian = [("/proc/sys/kernel/unprivileged_userns_clone", "0\n")];
        assert!(
            cure_with(&debian, "make a user namespace", libc::EPERM).contains("unprivileged_userns_clone")
        );
        let docker = [("/proc/self/status", "Name:\tx\nSeccomp:\t2\n"), ("/.dockerenv", "")];
        assert!(cure_with(&docker, "make a user namespace", libc::EPERM).contains("seccomp=unconfined"));
        assert!(
            cure_with(&docker, "mount proc at /new/proc", libc::EPERM).contains("systempaths=unconfined")
        );
    }
}
