//! Commands broken into lines so that they can be pasted whole: a shell reads on after a backslash at a line's end, outside
//! of quotes, and a comment ends with its line (POSIX, Shell Command Language 2.2).

/// The lines of a command, none wider than `room` characters where it has blanks to break at. A comment goes on as one.
pub fn lines(command: &str, room: usize) -> Vec<String> {
    command
        .split('\n')
        .flat_map(|line| match line.trim_start().starts_with('#') {
            true => comment(line, room),
            false => continued(line, room),
        })
        .collect()
}

fn comment(line: &str, room: usize) -> Vec<String> {
    let mut lines = filled(line.split(' '), room, room.saturating_sub(2));
    for line in lines.iter_mut().skip(1) {
        line.insert_str(0, "# ");
    }
    lines
}

fn continued(line: &str, room: usize) -> Vec<String> {
    if line.chars().count() <= room {
        return vec![line.to_owned()];
    }
    let narrower = room.saturating_sub(" \\".len());
    let mut lines = filled(words(line).into_iter(), narrower, narrower);
    let last = lines.len().saturating_sub(1);
    for line in &mut lines[..last] {
        line.push_str(" \\");
    }
    lines
}

/// As many words on each line as fit: into the first, and into each of the rest.
fn filled<'a>(words: impl Iterator<Item = &'a str>, first: usize, rest: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        let room = if lines.len() <= 1 { first } else { rest };
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What stands between blanks; quotes hold theirs together.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote, mut escaped) = (0, None, false);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ' ') => {
                words.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&line[start..]);
    words
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::lines;

    /// What a shell makes of the words, one a line.
    fn read_by_shell(text: &str) -> String {
        let script = format!("say() {{ printf '<%s>\\n' \"$@\"; }}\n{text}\n");
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{text}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_shell_reads_the_same_from_the_lines() {
        let commands = [
            "say short",
            "say ip link set flannel.1 mtu 1450 and then some more words of no meaning",
            "say 'what is quoted   stays in one piece, however long it may be' and goes on",
            "say \"so does \\\" this, with   blanks\" and 'that' a\\ b and more words to break at",
            "say ab''c 'd'\"e f g h i j k l m n o p q r s t u v w x y z\" 1 2 3 4 5 6 7 8 9",
        ];
        for command in commands {
            for room in 8..60 {
                let broken: Vec<String> = lines(command, room)
                    .iter()
                    .map(|line| format!("         {line}"))
                    .collect();
                assert_eq!(
                    read_by_shell(&broken.join("\n")),
                    read_by_shell(command),
                    "{broken:#?}"
                );
            }
        }
    }

    #[test]
    fn a_comment_stays_one() {
        let comment = "# or, which does the same: say that it was run, on each node";
        for room in 8..60 {
            let broken = lines(comment, room);
            assert!(
                broken.iter().all(|line| line.starts_with("# ")),
                "{broken:?}"
            );
            assert_eq!(read_by_shell(&broken.join("\n")), "");
        }
        assert_eq!(lines("# one two three", 9), ["# one two", "# three"]);
    }

    #[test]
    fn lines_fit_where_words_do() {
        let command = "sysctl -w net.ipv4.conf.all.forwarding=1 net.ipv6.conf.all.forwarding=1";
        let broken = lines(command, 45);
        assert!(broken.iter().all(|line| line.len() <= 45), "{broken:?}");
        assert_eq!(broken.len(), 2);
    }
}
