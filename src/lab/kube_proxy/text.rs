//! Names, numbers and matches as kube-proxy writes them and iptables-save(8) prints them.

use super::Settings;

/// The chance 1/n as the kernel keeps it, in units of 2^-31, and iptables prints it.
pub fn probability(n: usize) -> String {
    // kube-proxy writes ten decimals, and libxt_statistic rounds that to the nearest unit.
    let written = (1.0 / n as f64 * 1e10).round() / 1e10;
    let unit = f64::from(1_u32 << 31);
    format!("{:.11}", (written * unit).round() / unit)
}

/// Counts packets, where the kernel can.
pub fn counter(settings: Settings, name: &str) -> String {
    // libxt_nfacct prints two blanks.
    if settings.nfacct {
        format!("-m nfacct --nfacct-name  {name} ")
    } else {
        String::new()
    }
}

/// A comment match.
pub fn comment(text: &str) -> String {
    format!("-m comment --comment \"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As iptables-save printed them.
    #[test]
    fn probabilities_are_rounded_as_the_kernel_rounds_them() {
        for (n, expected) in [
            (2, "0.50000000000"),
            (3, "0.33333333349"),
            (5, "0.20000000019"),
            (7, "0.14285714272"),
            (10, "0.10000000009"),
        ] {
            assert_eq!(probability(n), expected);
        }
    }
}
