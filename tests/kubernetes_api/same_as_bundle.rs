//! Objects of the API and of a bundle become the same model.

use kubenet::collect::bundle;
use kubenet::collect::kubernetes::{Access, Here, Options, Wanted};

use super::captured;
use super::recorded::Recorded;
use super::server::Server;

#[test]
fn for_every_captured_cluster() {
    let clusters = ["iptables-nft-vxlan", "ipvs-rr-vxlan", "nftables-vxlan"];
    for cluster in clusters {
        let recorded = Recorded::of(cluster);
        let server = Server::start(move |question| recorded.answer(question));
        let options = Options {
            kubeconfig: Some(server.kubeconfig()),
            context: None,
        };
        let access = Access::find(&options).unwrap().unwrap();
        let learnt = access.read(&Wanted::everything(), &Here::default());
        assert_eq!(learnt.gaps, [], "{cluster}");
        let bundle = bundle::load(&[captured::archive(cluster)]).unwrap();
        assert!(!bundle.objects.pods.is_empty());
        assert_eq!(learnt.objects, bundle.objects, "{cluster}");
    }
}
