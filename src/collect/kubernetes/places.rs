//! Where the way to an API server is written down: the files that kubectl reads, by its rules
//! (k8s.io/client-go/tools/clientcmd, "Organizing Cluster Access Using kubeconfig Files"), the service account of a pod,
//! and the files that distributions leave on their servers, which `k3s kubectl` and administrators use.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the account of a pod is mounted.
const SERVICE_ACCOUNT: &str = "var/run/secrets/kubernetes.io/serviceaccount/token";
/// k3s, RKE2 and kubeadm write these on servers.
const OF_DISTRIBUTIONS: [&str; 3] = [
    "etc/rancher/k3s/k3s.yaml",
    "etc/rancher/rke2/rke2.yaml",
    "etc/kubernetes/admin.conf",
];

/// What decides where it is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The environment variable KUBECONFIG: a list of files.
    pub kubeconfig: Option<OsString>,
    /// The home directory.
    pub home: Option<PathBuf>,
    /// Whether KUBERNETES_SERVICE_HOST is set, as it is in every pod.
    pub in_pod: bool,
    /// What absolute names begin at: `/`.
    pub root: PathBuf,
}

impl Surroundings {
    /// Those of this process.
    pub fn own() -> Self {
        Self {
            kubeconfig: env::var_os("KUBECONFIG").filter(|list| !list.is_empty()),
            home: env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            in_pod: env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
            root: PathBuf::from("/"),
        }
    }
}

/// A place that tells the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Files that are merged, the first one's values first.
    Files(Vec<PathBuf>),
    /// The service account of the pod that this runs in.
    ServiceAccount,
    /// A file that a distribution left on this machine.
    Distribution(PathBuf),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Files(files) => {
                let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
                f.write_str(&names.join(":"))
            }
            Self::ServiceAccount => f.write_str("the pod's service account"),
            Self::Distribution(file) => write!(f, "{}", file.display()),
        }
    }
}

/// The first place that there is. A file that was `named` (`--kubeconfig`) is the only one that counts, there or not;
/// so are those of KUBECONFIG, of which files that are not there are passed over.
pub fn find(named: Option<&Path>, around: &Surroundings) -> Option<Place> {
    if let Some(file) = named {
        return Some(Place::Files(vec![file.to_owned()]));
    }
    if let Some(list) = &around.kubeconfig {
        let files: Vec<PathBuf> = env::split_paths(list)
            .filter(|file| !file.as_os_str().is_empty() && file.exists())
            .collect();
        return (!files.is_empty()).then_some(Place::Files(files));
    }
    let own = around.home.as_ref().map(|home| home.join(".kube/config"));
    if let Some(file) = own.filter(|file| file.is_file()) {
        return Some(Place::Files(vec![file]));
    }
    if around.in_pod && around.root.join(SERVICE_ACCOUNT).is_file() {
        return Some(Place::ServiceAccount);
    }
    let left = OF_DISTRIBUTIONS.map(|file| around.root.join(file));
    left.into_iter()
        .find(|file| std::fs::File::open(file).is_ok())
        .map(Place::Distribution)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn looks_where_kubectl_looks_and_in_its_order() {
        let folder = env::temp_dir().join(format!("kubenet-places-{}", std::process::id()));
        let write = |name: &str| {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "").unwrap();
            file
        };
        let mut around = Surroundings {
            home: Some(folder.join("home")),
            root: folder.clone(),
            ..Surroundings::default()
        };
        assert_eq!(find(None, &around), None);
        let admin = write("etc/kubernetes/admin.conf");
        assert_eq!(find(None, &around), Some(Place::Distribution(admin)));
        let k3s = write("etc/rancher/k3s/k3s.yaml");
        assert_eq!(find(None, &around), Some(Place::Distribution(k3s)));
        let token = write(SERVICE_ACCOUNT);
        assert!(find(None, &around) != Some(Place::ServiceAccount), "no pod");
        around.in_pod = true;
        assert_eq!(find(None, &around), Some(Place::ServiceAccount));
        let own = write("home/.kube/config");
        assert_eq!(find(None, &around), Some(Place::Files(vec![own])));
        let missing = folder.join("missing");
        around.kubeconfig =
            Some(env::join_paths([&missing, &token, Path::new(""), &missing]).unwrap());
        assert_eq!(find(None, &around), Some(Place::Files(vec![token])));
        around.kubeconfig = Some(missing.clone().into());
        assert_eq!(find(None, &around), None, "KUBECONFIG alone counts");
        let named = Some(Place::Files(vec![missing.clone()]));
        assert_eq!(find(Some(&missing), &around), named);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
