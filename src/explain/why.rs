//! Why somebody wrote a rule, where that is known (pkg/proxy/iptables/proxier.go, and what the other programs document).

use crate::model::iptables::{ConntrackMatch, Match, RecentAction, Rule, Target};
use sentences as say;

/// Why a rule stands in a chain of that kind; `None` when nothing is to be said beyond what it does.
pub fn of(kind: &str, rule: &Rule) -> Option<&'static str> {
    match kind {
        "service-cluster" | "service-local" => choice(rule),
        "service-external" => external(rule),
        "endpoint" => endpoint(rule),
        "service-firewall" => firewall(rule),
        "services" => services(rule),
        "postrouting" => postrouting(rule),
        "forward" => forward(rule),
        "mark-masquerade" => Some("KUBE-POSTROUTING masquerades what has this bit"),
        "kubelet-firewall" => {
            Some("nobody outside is to reach what listens on loopback only (CVE-2020-8558)")
        }
        "flannel-masquerade" => flannel(rule),
        "flannel-forward" => Some(say::FLANNEL_FORWARD),
        "services-without-endpoints" | "external-services" => refused(rule),
        "proxy-firewall" => Some(
            "who is in the source ranges was translated before, and no longer has this destination",
        ),
        "health-check-node-ports" => {
            Some("a load balancer asks here whether this node has endpoints")
        }
        "hostport-mark" => Some("CNI-HOSTPORT-MASQ masquerades what has this bit"),
        _ => None,
    }
}

fn leads_to(rule: &Rule, begins: &str) -> bool {
    matches!(&rule.target, Target::Jump(to) if to.starts_with(begins))
}

fn choice(rule: &Rule) -> Option<&'static str> {
    let keeps = |one: &Match| {
        matches!(
            one,
            Match::Recent {
                action: RecentAction::Check | RecentAction::Update,
                ..
            }
        )
    };
    if leads_to(rule, "KUBE-MARK-MASQ") {
        Some(say::MASQUERADE_OUTSIDE)
    } else if rule.matches.iter().any(keeps) {
        Some(say::AFFINITY)
    } else if leads_to(rule, "KUBE-SEP-") && rule.matches.is_empty() {
        Some("what the rules before left")
    } else if leads_to(rule, "KUBE-SEP-") {
        Some("one part of what the rules before left, so that all endpoints get the same")
    } else {
        None
    }
}

fn external(rule: &Rule) -> Option<&'static str> {
    let from_here = |one: &Match| {
        matches!(
            one,
            Match::Addrtype {
                source: Some(_),
                ..
            }
        )
    };
    let local = rule.matches.iter().any(from_here);
    if leads_to(rule, "KUBE-MARK-MASQ") {
        Some(if local {
            say::MASQUERADE_LOCAL
        } else {
            say::MASQUERADE_EXTERNAL
        })
    } else if leads_to(rule, "KUBE-SVC-") && (rule.source.is_some() || local) {
        Some(say::POLICY_LOCAL_INSIDE)
    } else if leads_to(rule, "KUBE-SVC-") {
        Some(say::POLICY_CLUSTER)
    } else if leads_to(rule, "KUBE-SVL-") {
        Some(say::POLICY_LOCAL)
    } else {
        None
    }
}

fn endpoint(rule: &Rule) -> Option<&'static str> {
    if leads_to(rule, "KUBE-MARK-MASQ") {
        Some(say::HAIRPIN)
    } else if matches!(rule.target, Target::Dnat(_)) {
        Some(say::DNAT)
    } else {
        None
    }
}

fn firewall(rule: &Rule) -> Option<&'static str> {
    match &rule.target {
        Target::Jump(_) => Some("a client within the source ranges"),
        Target::None => Some(
            "the others keep the load balancer's IP as their destination, by which KUBE-PROXY-FIREWALL knows them",
        ),
        _ => None,
    }
}

fn services(rule: &Rule) -> Option<&'static str> {
    leads_to(rule, "KUBE-NODEPORTS").then_some(say::NODE_PORTS_LAST)
}

fn postrouting(rule: &Rule) -> Option<&'static str> {
    match rule.target {
        Target::Return => Some("what no rule marked keeps its source"),
        Target::Mark { .. } => {
            Some("the mark is taken off, so that a tunnel's packet around this one is left alone")
        }
        Target::Masquerade { .. } => Some("the answer has to come back to this node"),
        _ => None,
    }
}

fn forward(rule: &Rule) -> Option<&'static str> {
    let states = rule.matches.iter().find_map(|one| match one {
        Match::Conntrack(asked) => asked.states,
        _ => None,
    });
    let bit = |name| {
        let mut bits = ConntrackMatch::STATES.iter();
        bits.find(|(known, _)| *known == name).map(|(_, bit)| *bit)
    };
    let invalid = bit("INVALID");
    match (&rule.target, states) {
        (Target::Drop, Some((false, states))) if Some(states) == invalid => Some(
            "conntrack does not translate such a packet back, and the client would answer it with a reset (kubernetes#74839)",
        ),
        (Target::Accept, Some(_)) => Some("answers to what was let through"),
        (Target::Accept, None) => Some("what goes to a Service and is to be masqueraded may pass"),
        _ => None,
    }
}

fn flannel(rule: &Rule) -> Option<&'static str> {
    let marked = rule
        .matches
        .iter()
        .any(|one| matches!(one, Match::Mark { .. }));
    let from_outside = rule.source.is_some_and(|source| source.negate);
    match rule.target {
        Target::Return if marked => Some(say::FLANNEL_MARKED),
        Target::Return if from_outside => Some(say::FLANNEL_FROM_OUTSIDE),
        Target::Masquerade { .. } if from_outside => Some(say::FLANNEL_TO_PODS),
        Target::Return => Some(say::FLANNEL_WITHIN),
        Target::Masquerade { .. } => Some(say::FLANNEL_TO_OUTSIDE),
        _ => None,
    }
}

fn refused(rule: &Rule) -> Option<&'static str> {
    match rule.target {
        Target::Reject(_) => Some("there is no endpoint anywhere: the client is told at once"),
        Target::Drop => Some(
            "there are endpoints, on other nodes only, and policy Local keeps traffic on this one",
        ),
        _ => None,
    }
}

/// What is the same in every mode of kube-proxy, and with either backend of flannel.
pub(super) mod sentences {
    pub const MASQUERADE_OUTSIDE: &str =
        "who is no pod gets this node's address, so that the answer comes back this way";
    pub const AFFINITY: &str = "session affinity: a client goes where it went before";
    pub const MASQUERADE_LOCAL: &str =
        "what this node itself sends is masqueraded, as its endpoint may be elsewhere";
    pub const MASQUERADE_EXTERNAL: &str = "clients outside are masqueraded: the endpoint may be on another node, and must answer through this one";
    pub const POLICY_LOCAL_INSIDE: &str =
        "policy Local is for clients outside; pods and this node itself may use all endpoints";
    pub const POLICY_CLUSTER: &str = "policy Cluster: any endpoint will do";
    pub const POLICY_LOCAL: &str =
        "policy Local: only endpoints on this node, so that the client's address is kept";
    pub const HAIRPIN: &str =
        "a pod that reaches itself through the Service must not see itself as the client (hairpin)";
    pub const DNAT: &str =
        "from here on the packet is for the endpoint; conntrack turns the address back in answers";
    pub const NODE_PORTS_LAST: &str = "last, as a NodePort may be asked for at any address of this node that no rule before named";
    pub const FLANNEL_FORWARD: &str =
        "packets from and to pods are forwarded whatever the policy of FORWARD";
    pub const FLANNEL_MARKED: &str = "kube-proxy masquerades it already";
    pub const FLANNEL_FROM_OUTSIDE: &str =
        "pods of this node see who it is that comes from outside";
    pub const FLANNEL_TO_PODS: &str = "a pod on another node has to answer through this one";
    pub const FLANNEL_WITHIN: &str = "what stays within the pod network keeps its source";
    pub const FLANNEL_TO_OUTSIDE: &str = "outside, nobody knows the way back to a pod";
}
