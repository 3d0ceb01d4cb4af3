//! Whom each scheduler picks.

use std::collections::BTreeMap;

use kubenet::model::Protocol;
use rstest::rstest;

use super::dial::hold;
use super::judge::compare_shares;
use super::scene::{Ask, Scene, ask, end, possible, word};

const SERVICE: &str = "10.43.0.1:80";

/// A service of three servers, of the weights.
fn service(options: &str, weights: [u32; 3]) -> String {
    let [a, b, c] = weights;
    format!(
        "-A -t {SERVICE} {options}
         -a -t {SERVICE} -r 10.2.0.12:8080 -m -w {b}
         -a -t {SERVICE} -r 10.2.0.11:8080 -m -w {a}
         -a -t {SERVICE} -r 10.2.0.13:8080 -m -w {c}"
    )
}

/// Turns: the shares are those of the long run, and they are exact.
#[test]
fn turns() {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    for (options, weights, ways) in [
        ("-s rr", [1, 1, 1], 3),
        ("-s rr", [1, 5, 0], 2),
        ("-s wrr", [1, 2, 3], 3),
        ("-s wrr", [2, 1, 0], 2),
        ("-s rr", [0, 1, 0], 1),
        ("-s wlc", [0, 1, 0], 1),
        ("-s lblc", [1, 0, 0], 1),
        ("-s lblcr", [0, 0, 1], 1),
    ] {
        scene.serve(&service(options, weights));
        let trace = scene.judge(ask("client", SERVICE), 12 * ways);
        assert_eq!(trace.paths.len(), ways as usize, "{options} {weights:?}");
    }
}

/// Where the next pick is a function of what can be read, it is named, connection by connection.
#[rstest]
#[case("-s lc", [1, 1, 1])]
#[case("-s wlc", [1, 2, 4])]
#[case("-s sed", [1, 2, 4])]
#[case("-s nq", [1, 2, 4])]
#[case("-s fo", [1, 3, 2])]
#[case("-s fo", [2, 2, 2])]
#[case("-s ovf", [1, 2, 2])]
fn the_next_is_known(#[case] options: &str, #[case] weights: [u32; 3]) {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    scene.serve(&service(options, weights));
    for round in 0..5 {
        let asked = ask("client", SERVICE);
        scene.read();
        let trace = scene.trace(asked);
        assert_eq!(trace.paths.len(), 1, "{options}, round {round}");
        assert_eq!(
            end(&trace.paths[0]),
            word(scene.dial(asked)),
            "{options}, round {round}"
        );
    }
}

/// An address stays with its server, which no tool prints: the one that has its connections is supposed, until it has so
/// many that another one takes them for certain.
#[rstest]
fn an_address_stays(
    #[values("lblc", "lblcr")] scheduler: &str,
    #[values([1, 1, 1], [1, 2, 4])] weights: [u32; 3],
) {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    scene.serve(&service(&format!("-s {scheduler}"), weights));
    let asked = ask("client", SERVICE);
    let mut held = Vec::new();
    let mut certain = 0;
    for round in 0..14 {
        scene.read();
        let trace = scene.trace(asked);
        let [way] = trace.paths.as_slice() else {
            panic!("{scheduler}, round {round}: {:?}", trace.paths);
        };
        // Once another server has connections, too, it is not known which of them the address stays with.
        let seen = word(scene.dial(asked));
        if way.assumptions.is_empty() {
            certain += 1;
            assert_eq!(end(way), seen, "{scheduler} {weights:?}, round {round}");
        } else if round < 2 {
            assert_eq!(
                end(way),
                seen,
                "{scheduler} {weights:?}, round {round}, supposed"
            );
        }
        held.push(hold(&scene.path("client"), SERVICE.parse().unwrap()));
    }
    assert!(certain > 0, "{scheduler} {weights:?}");
}

/// Two are drawn, the less loaded one is taken: the shares of each connection, as those before it left it.
#[rstest]
#[case([1, 1, 1])]
#[case([1, 2, 5])]
#[case([3, 0, 2])]
fn two_are_drawn(#[case] weights: [u32; 3]) {
    const ROUNDS: u32 = 40;
    if !possible() {
        return;
    }
    let _ = std::process::Command::new("modprobe")
        .args(["-q", "ip_vs_twos"])
        .status();
    if !std::fs::read_to_string("/proc/modules").is_ok_and(|all| all.contains("ip_vs_twos ")) {
        eprintln!("skipped: this kernel has no ip_vs_twos");
        return;
    }
    let scene = Scene::new();
    scene.serve(&service("-s twos", weights));
    let asked = ask("client", SERVICE);
    let mut predicted: BTreeMap<String, f64> = BTreeMap::new();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..ROUNDS {
        scene.read();
        for way in &scene.trace(asked).paths {
            assert!(way.assumptions.is_empty());
            *predicted.entry(end(way)).or_default() += way.probability / f64::from(ROUNDS);
        }
        *seen.entry(word(scene.dial(asked))).or_default() += 1;
    }
    assert_eq!(compare_shares("answer", &seen, &predicted, false), [""; 0]);
}

/// Hashes of addresses and ports.
#[rstest]
#[case("-s sh", [1, 1, 1])]
#[case("-s sh", [1, 2, 5])]
#[case("-s sh", [1, 0, 1])]
#[case("-s sh -b sh-fallback", [1, 0, 1])]
#[case("-s sh -b sh-port", [1, 1, 1])]
#[case("-s mh", [1, 1, 1])]
#[case("-s mh", [1, 2, 70])]
#[case("-s mh -b mh-port", [4, 2, 0])]
#[case("-s mh -b mh-fallback,mh-port", [1, 1, 1])]
fn a_hash_of_the_client(#[case] options: &str, #[case] weights: [u32; 3]) {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    scene.serve(&service(options, weights));
    scene.read();
    let mut picked = std::collections::BTreeSet::new();
    for host in 2..18 {
        let source = format!("10.1.0.{host}:{}", 20_000 + host * 97);
        let asked = Ask {
            source: Some(&source),
            ..ask("client", SERVICE)
        };
        let trace = scene.trace(asked);
        assert_eq!(trace.paths.len(), 1, "{options} from {source}");
        let predicted = end(&trace.paths[0]);
        picked.insert(predicted.split(' ').next().unwrap_or_default().to_owned());
        assert_eq!(
            predicted,
            word(scene.dial(asked)),
            "{options} from {source}"
        );
    }
    assert!(
        picked.len() > 1 || weights.contains(&70),
        "all went to {picked:?}"
    );
}

/// dh: what one destination has, another may not have.
#[test]
fn a_hash_of_the_destination() {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    for host in 3..11 {
        scene.run(
            "director",
            &format!("ip address add 10.43.0.{host}/32 dev kube-ipvs0"),
        );
    }
    let mut lines = String::new();
    for host in 3..11 {
        lines.push_str(
            &service("-s dh", [1, 1, 1]).replace("10.43.0.1:", &format!("10.43.0.{host}:")),
        );
        lines.push('\n');
    }
    scene.serve(&lines);
    for host in 3..11 {
        let trace = scene.judge(ask("client", &format!("10.43.0.{host}:80")), 2);
        assert_eq!(trace.paths.len(), 1);
    }
}

/// Persistent clients: the scheduler is asked once, and a template remembered.
#[test]
fn persistence() {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    scene.serve(&service("-s rr -p 300 -M 255.255.255.252", [1, 1, 1]));
    scene.read();
    assert_eq!(scene.trace(ask("client", SERVICE)).paths.len(), 3);
    let first = |host: u32| {
        let source = format!("10.1.0.{host}:0");
        let asked = Ask {
            source: Some(&source),
            ..ask("client", SERVICE)
        };
        (word(scene.dial(asked)), source)
    };
    // 10.1.0.4 to 7 are one network of two bits, 8 to 11 the next.
    let (answer, _) = first(4);
    let server = answer.split(' ').next().unwrap().to_owned();
    for host in [4, 5, 7] {
        let source = format!("10.1.0.{host}:0");
        let asked = Ask {
            source: Some(&source),
            ..ask("client", SERVICE)
        };
        let trace = scene.judge(asked, 3);
        assert_eq!(trace.paths.len(), 1);
        assert!(end(&trace.paths[0]).starts_with(&server));
    }
    let (_, other) = first(8);
    let asked = Ask {
        source: Some(&other),
        ..ask("client", SERVICE)
    };
    assert_eq!(scene.judge(asked, 3).paths.len(), 1);
    // A template of a server that takes no more connections counts, or not.
    let host = match server.as_str() {
        "a" => 11,
        "b" => 12,
        _ => 13,
    };
    scene.run(
        "director",
        &format!("ipvsadm -e -t {SERVICE} -r 10.2.0.{host}:8080 -m -w 0"),
    );
    let source = "10.1.0.5:0";
    let asked = Ask {
        source: Some(source),
        ..ask("client", SERVICE)
    };
    scene.set(&[("net/ipv4/vs/expire_quiescent_template", "0")]);
    assert_eq!(scene.judge(asked, 2).paths.len(), 1);
    scene.set(&[("net/ipv4/vs/expire_quiescent_template", "1")]);
    scene.read();
    assert_eq!(scene.trace(asked).paths.len(), 2);
    assert!(!word(scene.dial(asked)).starts_with(&server));
}

/// Datagrams of a client's port stay with their server; those of a one-packet service do not, and their answers are no
/// answers.
#[test]
fn datagrams() {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    let udp = service("-s rr", [1, 1, 1]).replace("-t ", "-u ");
    scene.serve(&udp);
    let asked = Ask {
        protocol: Protocol::Udp,
        ..ask("client", SERVICE)
    };
    assert_eq!(scene.judge(asked, 12).paths.len(), 3);
    let source = "10.1.0.3:5555";
    let bound = Ask {
        source: Some(source),
        ..asked
    };
    let first = word(scene.dial(bound));
    let trace = scene.judge(bound, 3);
    assert_eq!((trace.paths.len(), end(&trace.paths[0])), (1, first));
    scene.serve(&udp.replace("-s rr", "-s rr -o"));
    scene.judge(asked, 1);
}
