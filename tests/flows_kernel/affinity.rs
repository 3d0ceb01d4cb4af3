//! Lists of clients that rules keep, as kube-proxy's for `sessionAffinity: ClientIP`: whom the kernel sends a client to,
//! as time goes by, is held against the trace of the list as it then is.

use std::net::SocketAddr;
use std::time::Duration;

use kubenet::model::trace::Verdict;
use kubenet::model::{Family, Protocol};
use kubenet::walk;

use crate::asking::*;
use crate::scene::{Place, Scene, Shape, allowed};

const PORT: u16 = 8001;
const SECONDS: u64 = 3;

/// Two endpoints; the second one is for whom the list knows.
fn rules(family: Family) -> String {
    let vip = virtual_address(family);
    let end = |last| SocketAddr::new(server(family, last), PORT);
    format!(
        "*nat
         :SVC - [0:0]
         :SEP - [0:0]
         -A PREROUTING -d {vip} -p tcp -j SVC
         -A SVC -m recent --name SEP --rcheck --seconds {SECONDS} --reap --rsource -j SEP
         -A SVC -p tcp -m recent --name OTHER --set --rsource -j DNAT --to-destination {}
         -A SEP -p tcp -m recent --name SEP --set --rsource -j DNAT --to-destination {}
         COMMIT\n",
        end(2),
        end(3)
    )
}

#[test]
fn a_client_that_a_list_knows_stays_where_it_is() {
    if !allowed() {
        return;
    }
    let mut scene = Scene::new(Shape::Routed);
    let mut said = 0;
    for family in [Family::V4, Family::V6] {
        serve(&scene, &[2, 3].map(|last| server(family, last)), PORT);
        load(&scene, family, &rules(family));
        let (vip, client) = (
            SocketAddr::new(virtual_address(family), PORT),
            client(family),
        );
        let any = SocketAddr::new(client, 0);
        let asked = flow(Place::Client, Protocol::Tcp, any, vip);
        let mut check = |scene: &mut Scene, what: &str, wanted: u8| {
            scene.reread();
            let (expected, trace) = predicted(scene, &asked);
            let seen = connect(scene, Protocol::Tcp, any, vip).ok().unwrap().ask();
            assert_eq!(seen, Seen::Answer(server(family, wanted)), "{what}");
            assert_eq!(seen, expected, "{what}: {trace:?}");
            said += trace.paths[0]
                .hops
                .iter()
                .flat_map(|hop| &hop.steps)
                .filter(|step| step.text.contains("s ago"))
                .count();
        };
        check(&mut scene, "nobody is known", 2);
        let remember = format!("+{client}");
        let tell = |scene: &Scene, text: &str| {
            scene.inside(Place::Router, || {
                std::fs::write("/proc/thread-self/net/xt_recent/SEP", text).unwrap()
            });
        };
        tell(&scene, &remember);
        check(&mut scene, "the client is known", 3);
        std::thread::sleep(Duration::from_secs(SECONDS + 1));
        check(&mut scene, "that was too long ago", 2);
        tell(&scene, &remember);
        check(&mut scene, "it is known again", 3);
        tell(&scene, &format!("-{client}"));
        check(&mut scene, "it is forgotten", 2);
    }
    assert_eq!(said, 4, "the age is told where the list decides");
}

/// Without the clock of the list, both ways are named.
#[test]
fn without_the_time_both_ways_are_named() {
    if !allowed() {
        return;
    }
    let mut scene = Scene::new(Shape::Routed);
    let family = Family::V4;
    serve(&scene, &[2, 3].map(|last| server(family, last)), PORT);
    load(&scene, family, &rules(family));
    scene.inside(Place::Router, || {
        std::fs::write("/proc/thread-self/net/xt_recent/SEP", "+10.1.0.2").unwrap();
    });
    scene.reread();
    let mut cluster = scene.take_cluster();
    for list in cluster.nodes[0].netns[0].recent.iter_mut().flatten() {
        list.now = None;
    }
    let vip = SocketAddr::new(virtual_address(family), PORT);
    let any = SocketAddr::new(client(family), 0);
    let trace = walk::trace(&cluster, &flow(Place::Client, Protocol::Tcp, any, vip));
    let [path] = trace.paths.as_slice() else {
        panic!("one path: {:?}", trace.paths)
    };
    assert_eq!(path.verdict, Verdict::Delivered);
    let end = path.destination.as_ref().unwrap().ip.unwrap().to_string();
    let [assumption] = path.assumptions.as_slice() else {
        panic!("one assumption: {:?}", path.assumptions)
    };
    assert!(
        assumption
            .unknown
            .contains("SEP remembers 10.1.0.2, but since when was not read")
    );
    let other = if end == "10.2.0.2" {
        "10.2.0.3"
    } else {
        "10.2.0.2"
    };
    assert!(
        assumption.otherwise[0].contains(other),
        "{end}: {assumption:?}"
    );
}
