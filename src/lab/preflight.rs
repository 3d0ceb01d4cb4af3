//! Why a machine does not let us make namespaces, in its own words (namespaces(7), user_namespaces(7)).

use std::fs;

use super::LabError;

/// A network namespace was refused.
pub fn namespace_denied(why: &str) -> LabError {
    LabError::hinted(
        "make a network namespace",
        format!("{why}: that needs CAP_SYS_ADMIN"),
        "use sudo, or run the command inside `kubenet lab shell`",
    )
}

/// A user namespace, or something inside it, was refused.
pub fn user_namespace_denied(step: &str, why: &str) -> LabError {
    let reasons = reasons(
        |path| fs::read_to_string(path).ok(),
        fs::exists("/proc/self/ns/user").unwrap_or(false),
    );
    if reasons.is_empty() {
        return LabError::step(step, why);
    }
    let (reasons, hints): (Vec<_>, Vec<_>) = reasons.into_iter().unzip();
    LabError::hinted(
        step,
        format!("{why}: {}", reasons.join("; ")),
        hints.join("; "),
    )
}

/// What in the machine's settings forbids unprivileged user namespaces.
fn reasons(
    read: impl Fn(&str) -> Option<String>,
    kernel_has_them: bool,
) -> Vec<(&'static str, &'static str)> {
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    let mut reasons = Vec::new();
    if !kernel_has_them {
        reasons.push(("this kernel was built without user namespaces", "use sudo"));
    }
    if number("/proc/sys/user/max_user_namespaces") == Some(0) {
        reasons.push((
            "user.max_user_namespaces is 0",
            "an administrator can raise it with sysctl, or use sudo",
        ));
    }
    if number("/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        reasons.push((
            "kernel.unprivileged_userns_clone is 0",
            "an administrator can set it to 1, or use sudo",
        ));
    }
    if number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        reasons.push((
            "kernel.apparmor_restrict_unprivileged_userns is 1, so AppArmor gives no rights inside",
            "an administrator can set it to 0, or use sudo",
        ));
    }
    let status = read("/proc/self/status").unwrap_or_default();
    let seccomp = status
        .lines()
        .find_map(|line| line.strip_prefix("Seccomp:"))
        .map(str::trim);
    if seccomp == Some("2") {
        reasons.push((
            "a seccomp filter, such as a container runtime's, may forbid it",
            "run outside the container",
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_forbids_is_named() {
        let settings = |path: &str| {
            Some(
                match path {
                    "/proc/sys/user/max_user_namespaces" => "0\n",
                    "/proc/sys/kernel/unprivileged_userns_clone" => "0\n",
                    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns" => "1\n",
                    _ => "Name:\tkubenet\nSeccomp:\t2\n",
                }
                .to_owned(),
            )
        };
        assert_eq!(reasons(settings, false).len(), 5);
        assert_eq!(reasons(|_| None, true), []);
    }
}
