//! A node with 5,000 Services of 10 endpoints each is checked within seconds, and eight times as many Services take
//! little more than eight times as long, not sixty-four: by what kube-proxy wrote there in its iptables and its nftables mode.

#![allow(clippy::unwrap_used)]

mod captured;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use captured::{Folder, five_thousand_services, five_thousand_services_in_nftables};
use kubenet::check::{self, Report};
use kubenet::collect::bundle;
use kubenet::model::Cluster;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::{Value, json};

/// A Service as rules of iptables have it: address, and its endpoints.
type Services = BTreeMap<String, (String, Vec<String>)>;

/// What follows a word on a line.
fn after<'l>(line: &'l str, word: &str) -> Option<&'l str> {
    let rest = &line[line.find(word)? + word.len()..];
    Some(rest.split([' ', '/', '"']).next().unwrap_or(rest))
}

/// The Services `scale/svc-N` of a dump.
fn services(dump: &str) -> Services {
    let mut endpoints: HashMap<&str, &str> = HashMap::new();
    let mut chosen: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut addresses: Vec<(&str, &str, &str)> = Vec::new();
    for line in dump.lines() {
        let (Some(chain), Some(target)) = (after(line, "-A "), after(line, "-j ")) else {
            continue;
        };
        if let Some(to) = after(line, "--to-destination ") {
            endpoints.insert(chain, to);
        } else if target.starts_with("KUBE-SEP-") {
            chosen.entry(chain).or_default().push(target);
        } else if let Some(name) = after(line, "\"scale/").filter(|_| chain == "KUBE-SERVICES") {
            let name = name.strip_suffix(":http").unwrap();
            addresses.push((name, after(line, "-d ").unwrap(), target));
        }
    }
    let found = addresses.into_iter().map(|(name, ip, chain)| {
        let endpoints = chosen[chain]
            .iter()
            .map(|chain| endpoints[chain].to_owned());
        (name.to_owned(), (ip.to_owned(), endpoints.collect()))
    });
    found.collect()
}

/// The rules that are about some of the Services alone, or about none.
fn rules_of(dump: &str, all: &Services, kept: &BTreeSet<&str>) -> String {
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for line in dump.lines().filter(|line| line.contains("\"scale/")) {
        let name = after(line, "\"scale/").unwrap().trim_end_matches(":http");
        if all.contains_key(name) && !kept.contains(name) {
            let words = line.split_ascii_whitespace();
            gone.extend(
                words
                    .filter(|word| word.starts_with("KUBE-SVC-"))
                    .map(str::to_owned),
            );
        }
    }
    let of_services = dump
        .lines()
        .filter(|line| after(line, "-A ").is_some_and(|chain| gone.contains(chain)));
    let endpoints: Vec<String> = of_services
        .filter_map(|line| after(line, "-j "))
        .filter(|to| to.starts_with("KUBE-SEP-"))
        .map(str::to_owned)
        .collect();
    gone.extend(endpoints);
    let stays = |line: &&str| {
        let declared = line
            .strip_prefix(':')
            .and_then(|rest| rest.split(' ').next());
        !declared.is_some_and(|chain| gone.contains(chain))
            && !["-A ", "-j "]
                .iter()
                .any(|word| after(line, word).is_some_and(|chain| gone.contains(chain)))
    };
    dump.lines()
        .filter(stays)
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The API's objects for them.
fn objects(services: &Services) -> [(&'static str, Value); 4] {
    let list =
        |kind: &str, items: Vec<Value>| json!({"kind": format!("{kind}List"), "items": items});
    let service = |(name, (ip, _)): (&String, &(String, Vec<String>))| {
        json!({
            "metadata": {"namespace": "scale", "name": name},
            "spec": {"type": "ClusterIP", "clusterIP": ip, "clusterIPs": [ip],
                "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}]},
        })
    };
    let slice = |(name, (_, endpoints)): (&String, &(String, Vec<String>))| {
        let endpoints = endpoints.iter().map(|at| {
            let ip = at.split(':').next();
            json!({"addresses": [ip], "conditions": {"ready": true, "serving": true}, "nodeName": "elsewhere"})
        });
        json!({
            "metadata": {"namespace": "scale", "name": name,
                "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "ports": [{"name": "http", "protocol": "TCP", "port": 8080}],
            "endpoints": endpoints.collect::<Vec<_>>(),
        })
    };
    let node = json!({"metadata": {"name": "node1"}, "spec": {}, "status": {}});
    [
        (
            "k8s/services.json",
            list("Service", services.iter().map(service).collect()),
        ),
        (
            "k8s/endpointslices.json",
            list("EndpointSlice", services.iter().map(slice).collect()),
        ),
        ("k8s/nodes.json", list("Node", vec![node])),
        ("k8s/pods.json", list("Pod", Vec::new())),
    ]
}

fn cluster(name: &str, services: &Services, file: &str, rules: &str) -> Cluster {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (path, object) in objects(services) {
        files.insert(path.to_owned(), object.to_string().into_bytes());
    }
    files.insert(
        format!("nodes/node1/host/{file}"),
        rules.as_bytes().to_vec(),
    );
    files.insert("nodes/node1/host/links.json".to_owned(), b"[]".to_vec());
    let folder = Folder::new(name, &files);
    bundle::load(std::slice::from_ref(&folder.0)).unwrap()
}

/// What is found of Services, and the least time that it took this thread's processor.
fn checked(cluster: &Cluster) -> (Vec<String>, Duration) {
    let now = || {
        let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
        let spent = usage.user_time() + usage.system_time();
        Duration::from_micros(spent.num_microseconds().try_into().unwrap())
    };
    let mut least = Duration::MAX;
    let mut last = Report::default();
    for _ in 0..3 {
        let before = now();
        last = check::everything(cluster);
        least = least.min(now() - before);
    }
    let of_services = check::service::CHECKS.iter().copied().flatten();
    let ids: BTreeSet<&str> = of_services.map(|check| check.id).collect();
    let judged = last.verdicts();
    let open: BTreeSet<&check::Verdict> = judged
        .iter()
        .filter(|(id, verdict, _)| {
            ids.contains(id) && matches!(verdict, check::Verdict::Skipped(_))
        })
        .map(|(_, verdict, _)| *verdict)
        .collect();
    assert_eq!(open, BTreeSet::new(), "every check of Services could look");
    let found = last
        .findings
        .into_iter()
        .filter(|one| ids.contains(&*one.id));
    (
        found
            .map(|one| format!("{}: {}", one.id, one.title))
            .collect(),
        least,
    )
}

/// One endpoint is another than the rules know.
fn broken(services: &Services) -> Services {
    let mut services = services.clone();
    let middle = services.len() / 2;
    let (_, endpoints) = services.values_mut().nth(middle).unwrap();
    endpoints[3] = "10.42.1.99:8080".to_owned();
    services
}

fn judge(name: &str, file: &str, services: &Services, whole: &str, eighth: (&Services, &str)) {
    let all = cluster(&format!("{name}-all"), services, file, whole);
    let (found, time) = checked(&all);
    assert_eq!(found, Vec::<String>::new(), "{name}");
    let (found, _) = checked(&cluster(
        &format!("{name}-broken"),
        &broken(services),
        file,
        whole,
    ));
    let ids: Vec<&str> = found
        .iter()
        .filter_map(|one| one.split(':').next())
        .collect();
    assert_eq!(ids, ["endpoint-stale", "endpoint-missing"], "{found:?}");
    let few = cluster(&format!("{name}-few"), eighth.0, file, eighth.1);
    let (found, less) = checked(&few);
    assert_eq!(found, Vec::<String>::new(), "{name}, an eighth");
    let ratio = time.as_secs_f64() / less.as_secs_f64();
    eprintln!(
        "{name}: {} Services {time:?}, {} {less:?}, ratio {ratio:.1}",
        services.len(),
        eighth.0.len()
    );
    assert!(time < Duration::from_secs(20), "{name}: {time:?}");
    assert!(
        ratio < 24.0,
        "{name}: eight times as many take {ratio:.1} times as long"
    );
}

fn an_eighth(services: &Services) -> Services {
    let few = services.iter().step_by(8);
    few.map(|(name, service)| (name.clone(), service.clone()))
        .collect()
}

#[test]
fn time_grows_with_the_services_in_iptables_mode() {
    let dump = five_thousand_services();
    let services = services(&dump);
    assert_eq!(services.len(), 5000);
    let few = an_eighth(&services);
    let kept: BTreeSet<&str> = few.keys().map(String::as_str).collect();
    let rules = rules_of(&dump, &services, &kept);
    judge(
        "scale-iptables",
        "iptables-save.txt",
        &services,
        &dump,
        (&few, &rules),
    );
}

#[test]
fn time_grows_with_the_services_in_nftables_mode() {
    let services = services(&five_thousand_services());
    let dump = five_thousand_services_in_nftables();
    let few = an_eighth(&services);
    let mut rules: Value = serde_json::from_str(&dump).unwrap();
    let gone: BTreeSet<&str> = services
        .keys()
        .filter(|name| !few.contains_key(*name))
        .map(String::as_str)
        .collect();
    // `service-HASH-scale/svc-00001/tcp/http`
    let is_gone = |text: &str| {
        let name = text
            .split("scale/")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        name.is_some_and(|name| gone.contains(name))
    };
    let objects = rules["nftables"].as_array_mut().unwrap();
    objects.retain(|object| {
        let kinds = [("chain", "name"), ("rule", "chain"), ("set", "name")];
        !kinds
            .iter()
            .any(|(kind, key)| object[kind][key].as_str().is_some_and(is_gone))
    });
    for object in objects {
        if let Some(elements) = object["map"]["elem"].as_array_mut() {
            elements.retain(|element| !is_gone(&element.to_string()));
        }
    }
    judge(
        "scale-nftables",
        "nft.json",
        &services,
        &dump,
        (&few, &rules.to_string()),
    );
}
