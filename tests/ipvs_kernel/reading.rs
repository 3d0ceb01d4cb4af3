//! Live and bundle readings of the same virtual servers give the same model.

use std::path::Path;

use kubenet::collect::bundle;
use kubenet::model::{Netns, RealServer, VirtualServer};

use super::scene::{Scene, ask, possible};

/// Every kind of service, server and flag that ipvsadm knows.
const SERVICES: &str = "
    -A -t 10.43.0.1:80 -s sh -b sh-port,sh-fallback -p 100 -M 255.255.255.0
    -a -t 10.43.0.1:80 -r 10.2.0.13:8080 -m -w 3
    -a -t 10.43.0.1:80 -r 10.2.0.11:80 -g -w 0
    -a -t 10.43.0.1:80 -r 10.2.0.12:80 -i -w 2
    -A -u 10.43.0.1:53 -s mh -b mh-port -o
    -A -f 5 -s wlc -p 60
    -a -f 5 -r 10.2.0.13:0 -m
    -A -f 6 -6 -s rr -p 50 -M 64
    -a -f 6 -6 -r [fd02::13]:0 -g
    -A -t [fd43::1]:80 -s lc -b flag-1
    -a -t [fd43::1]:80 -r [fd02::13]:80 -m
    -A --sctp-service 10.43.0.1:99 -s ovf
    -A -t 10.43.0.2:0 -s rr -p
    -A -t 10.43.0.2:80 -s rr
    -a -t 10.43.0.2:80 -r 10.2.0.12:8080 -m
    -a -t 10.43.0.2:80 -r 10.2.0.13:8080 -m
";

/// In one order, and without the words of whoever printed it. ipvsadm does not save how many connections there are.
fn plain(netns: &Netns, connections: bool) -> Vec<VirtualServer> {
    let mut services = netns.virtual_servers.clone().unwrap();
    for service in &mut services {
        service.in_kernel_order = false;
        service.raw.clear();
        service.servers.sort_by_key(|server| server.address);
        for server in &mut service.servers {
            let counted = server.connections.filter(|_| connections);
            *server = RealServer {
                connections: counted,
                raw: String::new(),
                ..server.clone()
            };
        }
    }
    services.sort_by_key(|service| format!("{:?}", service.takes));
    services
}

#[test]
fn live_and_bundle_readings_are_the_same() {
    if !possible() {
        return;
    }
    let scene = Scene::new();
    scene.serve(SERVICES);
    for _ in 0..3 {
        scene.dial(ask("client", "10.43.0.2:80"));
    }
    let folder = std::env::temp_dir().join(format!("kubenet-ipvs-{}", std::process::id()));
    let host = folder.join("nodes/director/host");
    std::fs::create_dir_all(&host).unwrap();
    scene.read();
    scene.director(|live| compare(&scene, &folder, live));
    std::fs::remove_dir_all(&folder).unwrap();
}

fn compare(scene: &Scene, folder: &Path, live: &Netns) {
    let host = folder.join("nodes/director/host");
    assert!(
        live.virtual_servers
            .iter()
            .flatten()
            .all(|one| one.in_kernel_order)
    );
    let mut connections = live.ipvs_connections.clone().unwrap();
    for (command, counted) in [
        ("ipvsadm -Sn", false),
        ("ipvsadm -Ln", true),
        ("cat /proc/net/ip_vs", true),
    ] {
        std::fs::write(host.join("ipvs.txt"), scene.run("director", command)).unwrap();
        std::fs::write(
            host.join("ipvs-conns.txt"),
            scene.run("director", "ipvsadm -Lnc"),
        )
        .unwrap();
        let cluster = bundle::load(&[folder.to_owned()]).unwrap();
        let read = &cluster.nodes[0].netns[0];
        let (mut ours, mut theirs) = (plain(live, counted), plain(read, counted));
        if command.starts_with("cat") {
            // Which has no schedulers' flags, and times in jiffies.
            for service in ours.iter_mut().chain(&mut theirs) {
                service.scheduler_flags.clear();
                if let Some(kept) = &mut service.persistence {
                    kept.timeout = None;
                    // Nor does it say of which family a mark's service is.
                    kept.prefix = 0;
                }
            }
        }
        assert_eq!(ours, theirs, "{command}");
        let mut others = read.ipvs_connections.clone().unwrap();
        for one in connections.iter_mut().chain(&mut others) {
            one.expires = 0;
            one.raw.clear();
        }
        connections.sort_by_key(|one| (one.client, one.to));
        others.sort_by_key(|one| (one.client, one.to));
        assert_eq!(connections, others);
        assert_eq!(connections.len(), 3);
    }
    // What ipvsadm saves is what the model would save, but for tunnels, of which it tells more.
    let saved: std::collections::BTreeSet<String> = scene
        .run("director", "ipvsadm -Sn")
        .lines()
        .map(|line| line.trim_end_matches(" --tun-type ipip").to_owned())
        .collect();
    let services = live.virtual_servers.iter().flatten();
    let ours = services
        .flat_map(|service| {
            let servers = service.servers.iter().map(|server| server.raw.clone());
            std::iter::once(service.raw.clone()).chain(servers)
        })
        .collect();
    assert_eq!(saved, ours);
}
