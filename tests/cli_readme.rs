//! The transcripts in the README are what the program prints. `KUBENET_WRITE_README=1 cargo test --test cli_readme`
//! writes them anew; look at each difference before it is accepted.
#![allow(clippy::unwrap_used)]

use std::process::Command;

/// What the program prints after `$ kubenet ARGUMENTS`.
fn transcript(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kubenet"))
        .args(arguments.split(' '))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The README with every block that starts with `$ kubenet ` holding what is printed now, and how many there are.
fn renewed(readme: &str) -> (String, usize) {
    let mut renewed = String::new();
    let mut blocks = 0;
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        renewed.push_str(line);
        renewed.push('\n');
        if let Some(arguments) = line.strip_prefix("$ kubenet ") {
            blocks += 1;
            renewed.push_str(&transcript(arguments));
            assert!(
                lines.any(|line| line == "```"),
                "the block of {arguments} does not end"
            );
            renewed.push_str("```\n");
        }
    }
    (renewed, blocks)
}

#[test]
fn transcripts_are_what_is_printed() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let (renewed, blocks) = renewed(&readme);
    assert!(blocks > 0, "there is no transcript in the README");
    if std::env::var_os("KUBENET_WRITE_README").is_some() {
        std::fs::write("README.md", renewed).unwrap();
        return;
    }
    assert!(
        readme == renewed,
        "the README's transcripts are stale; they would be:\n{renewed}"
    );
}
