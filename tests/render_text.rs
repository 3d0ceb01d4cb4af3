//! How traces look: golden texts, 80 columns, and no way for a cluster's strings to reach the terminal as they are.
#![allow(clippy::unwrap_used)]

mod samples;

use kubenet::model::trace::{Evidence, Trace};
use kubenet::model::{Finding, Place, Severity};
use kubenet::render::Layout;
use kubenet::render::text::{self, Options};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

const PLAIN: Options = Options {
    layout: Layout::PLAIN,
    evidence: false,
    all_branches: false,
    branch: None,
};
const UNICODE: Options = Options {
    layout: Layout {
        width: Some(80),
        unicode: true,
    },
    ..PLAIN
};

fn styled(trace: &Trace, options: &Options) -> String {
    let mut out = Vec::new();
    text::trace(trace, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// As it is when no colour is wanted.
fn plain(trace: &Trace, options: &Options) -> String {
    anstream::adapter::strip_str(&styled(trace, options)).to_string()
}

fn golden(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "golden", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn looks_as_it_did() {
    for (name, trace) in samples::all() {
        golden(name, &plain(&trace, &PLAIN));
    }
}

#[test]
fn shows_all_evidence_when_asked() {
    let verbose = Options {
        evidence: true,
        all_branches: true,
        ..PLAIN
    };
    golden(
        "half_times_out_verbose",
        &plain(&samples::half_times_out(), &verbose),
    );
}

#[test]
fn draws_and_colours_where_the_terminal_can() {
    let text = styled(&samples::half_times_out(), &UNICODE).replace('\x1b', "ESC");
    golden("half_times_out_unicode", &text);
}

/// Two findings with one cure: it is told once.
#[test]
fn shows_findings_with_cause_and_cure() {
    let finding = |id: &str, severity, title: &str| Finding {
        id: id.to_owned(),
        catalogue: vec!["F03".to_owned()],
        severity,
        title: title.to_owned(),
        place: Place {
            node: Some("node1".to_owned()),
            netns: Some("host".to_owned()),
            device: None,
        },
        evidence: vec![Evidence {
            source: "iptables nat KUBE-SVC-W67AXLFK7VEUVN6G rule 3".to_owned(),
            raw: "-A KUBE-SVC-W67AXLFK7VEUVN6G -j KUBE-SEP-OCXELINEALZMMP27".to_owned(),
        }],
        impact: "half of the connections that node1 sends there are lost without a word".to_owned(),
        fix: vec!["systemctl restart kube-proxy".to_owned()],
        docs: String::new(),
        mentions: Vec::new(),
    };
    let mut trace = samples::half_times_out();
    trace.findings = vec![
        finding(
            "endpoint-stale",
            Severity::Error,
            "the rules for default/nginx-test on node1 lead to 10.42.2.6:80, an address that no pod has any more",
        ),
        finding(
            "affinity-differs",
            Severity::Warning,
            "clients \u{1b}[2Jare not kept",
        ),
    ];
    golden("findings", &plain(&trace, &PLAIN));
    let verbose = Options {
        evidence: true,
        ..PLAIN
    };
    let text = plain(&trace, &verbose);
    assert!(text.contains("-A KUBE-SVC-W67AXLFK7VEUVN6G -j KUBE-SEP-OCXELINEALZMMP27"));
    assert_eq!(text.matches("systemctl").count(), 1);
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn shows_one_branch_alone() {
    let second = Options {
        branch: Some(1),
        ..PLAIN
    };
    golden(
        "half_times_out_branch_2",
        &plain(&samples::half_times_out(), &second),
    );
}

#[test]
fn many_alike_are_told_together_unless_all_are_wanted() {
    let trace = samples::fifty_endpoints();
    let brief = plain(&trace, &PLAIN);
    assert!(brief.lines().count() < 60, "{brief}");
    assert!(
        brief.contains("2 % each  48 more like 10.42.1.10:80"),
        "{brief}"
    );
    for n in 10..60 {
        assert!(
            brief.contains(&format!("10.42.1.{n}:80")),
            "10.42.1.{n} is not named in\n{brief}"
        );
    }
    let full = plain(
        &trace,
        &Options {
            all_branches: true,
            ..PLAIN
        },
    );
    assert_eq!(full.matches(" it sees 10.42.0.65").count(), 50);
}

#[test]
fn no_line_is_longer_than_80_columns() {
    for (name, trace) in samples::all() {
        for evidence in [false, true] {
            for options in [PLAIN, UNICODE] {
                let text = plain(
                    &trace,
                    &Options {
                        evidence,
                        all_branches: evidence,
                        ..options
                    },
                );
                check_lines(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
            }
        }
    }
}

#[test]
fn plain_output_is_ascii() {
    for (name, trace) in samples::all() {
        let text = plain(
            &trace,
            &Options {
                evidence: true,
                ..PLAIN
            },
        );
        assert!(text.is_ascii(), "{name}:\n{text}");
    }
}

#[test]
fn wide_output_keeps_rules_whole() {
    let trace = samples::rejected();
    let wide = Options {
        layout: Layout {
            width: None,
            unicode: false,
        },
        evidence: true,
        ..PLAIN
    };
    let text = plain(&trace, &wide);
    let rule = &trace.paths[0].hops[1].steps[1]
        .evidence
        .as_ref()
        .unwrap()
        .raw;
    assert!(
        text.lines().any(|line| line.ends_with(rule.as_str())),
        "{text}"
    );
}

/// No control character, no bidirectional override, at most 80 columns.
fn check_lines(text: &str) -> Result<(), String> {
    for line in text.lines() {
        if line.width() > 80 {
            return Err(format!("{} columns: {line:?}", line.width()));
        }
        let bad = |c: &char| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if let Some(c) = line.chars().find(bad) {
            return Err(format!("{c:?} in {line:?}"));
        }
    }
    Ok(())
}

/// Any characters, those that do harm more often than chance has them.
fn any_text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        5 => any::<char>(),
        5 => prop::char::range(' ', '~'),
        1 => prop::sample::select(vec!['\x1b', '\x07', '\u{9b}', '\r', '\n', '\t', '\u{202e}', '\u{200d}', '東', '\u{301}']),
    ];
    prop::collection::vec(character, 0..200).prop_map(|characters| characters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_cluster_is_called_the_screen_is_safe(
        (name, word, rule) in (any_text(), any_text(), any_text()),
        unicode in any::<bool>(),
        evidence in any::<bool>(),
    ) {
        for (_, mut trace) in samples::all() {
            trace.flow.from.name = Some(name.clone());
            trace.flow.to.namespace = Some(word.clone());
            trace.flow.proto = word.clone();
            trace.not_seen.push(rule.clone());
            for path in &mut trace.paths {
                if let Some(end) = &mut path.destination {
                    end.name = Some(name.clone());
                    end.node = Some(word.clone());
                }
                if let Some(stop) = &mut path.stopped_at {
                    stop.why = rule.clone();
                }
                for hop in &mut path.hops {
                    hop.node = word.clone();
                    hop.netns = format!("pod:{name}");
                    hop.input = Some(word.clone());
                    for step in &mut hop.steps {
                        step.text = rule.clone();
                        if let Some(evidence) = &mut step.evidence {
                            evidence.source = name.clone();
                            evidence.raw = rule.clone();
                        }
                        if let Some(change) = &mut step.change {
                            change.after = format!("{word} > {name}");
                        }
                    }
                }
            }
            let options = Options { layout: Layout { width: Some(80), unicode }, evidence, ..PLAIN };
            // Our own styles are the only escape sequences: taken away, none is left.
            let text = strip_styles(&styled(&trace, &options));
            check_lines(&text).map_err(TestCaseError::fail)?;
        }
    }
}

/// Takes away `ESC [ digits and ; m` and nothing else.
fn strip_styles(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        clean.push_str(before);
        let end = after
            .find(|c: char| !c.is_ascii_digit() && c != ';')
            .unwrap_or(after.len());
        match after[end..].strip_prefix('m') {
            Some(after) => rest = after,
            None => {
                clean.push('\x1b');
                rest = after;
            }
        }
    }
    clean + rest
}
