
use builtin;
use str;

set edit:completion:arg-completer[kubenet] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'kubenet'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'kubenet'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand trace 'Say what happens to a packet, step by step'
            cand check 'Name what is broken, with evidence and the commands that mend it'
            cand explain 'Say what a thing is for, who comes to it, where it leads'
            cand pods 'List pods to trace from and to'
            cand services 'List Services to trace to'
            cand nodes 'List nodes'
            cand netns 'List network namespaces, and what was read of each'
            cand exec 'Run a program of this machine in a pod''s network'
            cand show 'Show what a namespace holds, joined with names'
            cand lab 'Build and use the practice cluster'
            cand completion 'Print a shell''s completion script'
            cand man 'Print the manual page, or write the pages of all commands'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kubenet;trace'= {
            cand --proto 'tcp, udp, sctp, icmp or a number [default: the Service port''s, else tcp]'
            cand --port 'Destination port, by number or by the name that the Service gives it'
            cand --sport 'Source port, with icmp the echo''s identifier [default: one that the kernel picks]; a connection that stands with it is followed as its entry says'
            cand --size 'Bytes of the IP packet, for questions of MTU [default: a first packet''s]'
            cand --mark 'Mark set by the sender (SO_MARK), decimal or 0x...'
            cand --via 'The node that a client outside the cluster sends to'
            cand --branch 'Show only this branch, in full (1 is the first)'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand --established 'Ask about a later packet of a connection that stands (see the tables of connection tracking)'
            cand --dns 'Trace the DNS queries of the program before: what its resolv.conf asks, over UDP and over TCP'
            cand --ipv4 'Use IPv4 addresses'
            cand --ipv6 'Use IPv6 addresses'
            cand --no-reply 'Do not follow the reply'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;check'= {
            cand --on 'Only what is found on this node (repeat for more)'
            cand --severity 'Only what is as bad as this or worse: error, warning or info'
            cand --explain 'Say what one check finds, why that happens, and how to mend it'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand --list 'List the checks'
            cand --markdown 'Write the page of all checks in Markdown'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
            cand chain 'A chain: whose it is, who comes to it, what each rule does and why'
            cand ip 'An address: whose it is, and how each node gets there'
            cand mac 'A hardware address: whose it is, and where frames to it go'
            cand device 'A network device: what it is for, how it is set up, who is behind it'
            cand route 'Where packets to an address go, and why by that route'
            cand service 'A Service: everything that a node holds for it, and who uses it now'
            cand nodeport 'A port of the nodes: what it leads to'
            cand ipset 'An ipset: what it is for, what it has, which rules look into it'
            cand virtual-server 'A virtual server of IPVS: whose it is, how it chooses, where it leads'
            cand rule 'A rule: which packets, what becomes of them, and why it is there'
            cand mark 'A packet''s mark: whose bits it has, which rules set and ask them'
            cand drop 'Where packets from one to another stop, and what that means'
            cand modes 'What kube-proxy''s modes cost on a node: rules met, entries held'
            cand backends 'flannel''s vxlan and host-gw compared: headers, MTU, who shares a link'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kubenet;explain;chain'= {
            cand --on 'The node whose chain it is [default: the first that has it]'
            cand --table 'The table: nat, filter, mangle, raw, security, or a native one by its name [default: the first of these]'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand --ipv4 'Only chains that see IPv4'
            cand --ipv6 'Only chains that see IPv6'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;ip'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;mac'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;device'= {
            cand --on 'The node whose device it is [default: the first that has it]'
            cand --pod 'The pod whose device it is'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;route'= {
            cand --from 'Only from this pod [default: from every node]'
            cand --on 'Only from this node'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;service'= {
            cand --on 'The node that holds it [default: the first that was read]'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;nodeport'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;ipset'= {
            cand --on 'The node whose set it is [default: the first that has it]'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;virtual-server'= {
            cand --on 'The node whose virtual server it is [default: the first that has it]'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;rule'= {
            cand --on 'The node whose rule it is [default: the first that has it]'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand --ipv6 'Of ip6tables, or of a table that sees IPv6'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;mark'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;drop'= {
            cand --proto 'tcp, udp, sctp, icmp or a number [default: the Service port''s, else tcp]'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;modes'= {
            cand --on 'The node whose figures count [default: the first that was read]'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;backends'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;explain;help'= {
            cand chain 'A chain: whose it is, who comes to it, what each rule does and why'
            cand ip 'An address: whose it is, and how each node gets there'
            cand mac 'A hardware address: whose it is, and where frames to it go'
            cand device 'A network device: what it is for, how it is set up, who is behind it'
            cand route 'Where packets to an address go, and why by that route'
            cand service 'A Service: everything that a node holds for it, and who uses it now'
            cand nodeport 'A port of the nodes: what it leads to'
            cand ipset 'An ipset: what it is for, what it has, which rules look into it'
            cand virtual-server 'A virtual server of IPVS: whose it is, how it chooses, where it leads'
            cand rule 'A rule: which packets, what becomes of them, and why it is there'
            cand mark 'A packet''s mark: whose bits it has, which rules set and ask them'
            cand drop 'Where packets from one to another stop, and what that means'
            cand modes 'What kube-proxy''s modes cost on a node: rules met, entries held'
            cand backends 'flannel''s vxlan and host-gw compared: headers, MTU, who shares a link'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kubenet;explain;help;chain'= {
        }
        &'kubenet;explain;help;ip'= {
        }
        &'kubenet;explain;help;mac'= {
        }
        &'kubenet;explain;help;device'= {
        }
        &'kubenet;explain;help;route'= {
        }
        &'kubenet;explain;help;service'= {
        }
        &'kubenet;explain;help;nodeport'= {
        }
        &'kubenet;explain;help;ipset'= {
        }
        &'kubenet;explain;help;virtual-server'= {
        }
        &'kubenet;explain;help;rule'= {
        }
        &'kubenet;explain;help;mark'= {
        }
        &'kubenet;explain;help;drop'= {
        }
        &'kubenet;explain;help;modes'= {
        }
        &'kubenet;explain;help;backends'= {
        }
        &'kubenet;explain;help;help'= {
        }
        &'kubenet;pods'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;services'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;nodes'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;netns'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;exec'= {
            cand --node 'In a node''s own namespace, or with --netns in another one there'
            cand --netns 'In the namespace that `kubenet netns` calls so'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand --resolv-conf 'Mount its resolv.conf over /etc/resolv.conf, for this program alone'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;show'= {
            cand --pod 'In a pod''s namespace: NAME, NS/NAME or docker:NAME'
            cand --node 'In a node''s own namespace, or with --netns in another one there'
            cand --netns 'In the namespace that `kubenet netns` calls so'
            cand --device 'fdb of a tunnel: what neighbour table, fdb, routes and Node annotations say of each remote node, on one line'
            cand --service 'conntrack: only connections to this Service'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -a 'Also what the kernel keeps by itself: local and link-local routes, multicast entries of fdbs'
            cand --all 'Also what the kernel keeps by itself: local and link-local routes, multicast entries of fdbs'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kubenet;lab'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
            cand up 'Build a lab'
            cand down 'Take a lab down, without a trace'
            cand list 'List the labs that are up'
            cand break 'Make a fault, as it happens in life'
            cand heal 'Mend everything: build the same lab anew'
            cand run 'Run a program in the network namespace of a pod or node'
            cand shell 'Open a shell in which labs can be built without root'
            cand capture 'Write a bundle of a lab, by the standard tools'
            cand hold 'Hold a namespace: started by `up`, once for each'
            cand init 'Be the first process of a `shell`'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kubenet;lab;up'= {
            cand --name 'Name of the lab: several can stand side by side'
            cand --backend 'How packets get from node to node'
            cand --iptables 'Which of the kernel''s two iptables holds the rules'
            cand --proxy 'What kube-proxy makes of Services'
            cand --scheduler 'How IPVS spreads connections, with `--proxy ipvs`'
            cand --proxy-version 'Whose layout the table has, with `--proxy nftables`'
            cand --ip-family 'Address families of nodes, pods and Services'
            cand --nodes 'How many nodes: 1 to 5'
            cand --spec 'Build what a file says (JSON), instead of the cluster described here'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kubenet;lab;down'= {
            cand --name 'Name of the lab; the only one when left out'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand --all 'Every lab'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;lab;list'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;lab;break'= {
            cand --name 'Name of the lab; the only one when left out'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand --list 'List the faults, and how they come about'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;lab;heal'= {
            cand --name 'Name of the lab; the only one when left out'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;lab;run'= {
            cand --name 'Name of the lab; the only one when left out'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;lab;shell'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;lab;capture'= {
            cand --name 'Name of the lab; the only one when left out'
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;lab;hold'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;lab;init'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;lab;help'= {
            cand up 'Build a lab'
            cand down 'Take a lab down, without a trace'
            cand list 'List the labs that are up'
            cand break 'Make a fault, as it happens in life'
            cand heal 'Mend everything: build the same lab anew'
            cand run 'Run a program in the network namespace of a pod or node'
            cand shell 'Open a shell in which labs can be built without root'
            cand capture 'Write a bundle of a lab, by the standard tools'
            cand hold 'Hold a namespace: started by `up`, once for each'
            cand init 'Be the first process of a `shell`'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kubenet;lab;help;up'= {
        }
        &'kubenet;lab;help;down'= {
        }
        &'kubenet;lab;help;list'= {
        }
        &'kubenet;lab;help;break'= {
        }
        &'kubenet;lab;help;heal'= {
        }
        &'kubenet;lab;help;run'= {
        }
        &'kubenet;lab;help;shell'= {
        }
        &'kubenet;lab;help;capture'= {
        }
        &'kubenet;lab;help;hold'= {
        }
        &'kubenet;lab;help;init'= {
        }
        &'kubenet;lab;help;help'= {
        }
        &'kubenet;completion'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kubenet;man'= {
            cand --bundle 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)'
            cand --demo 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find'
            cand --lab 'Read the practice cluster (of that name, where several are up)'
            cand --kubeconfig 'A kubeconfig file [default: as kubectl finds it]'
            cand --context 'The context of the kubeconfig [default: its current one]'
            cand -n 'Kubernetes namespace of bare names [default: the context''s]'
            cand --namespace 'Kubernetes namespace of bare names [default: the context''s]'
            cand -o 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --output 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml'
            cand --color 'When to use colour: auto, always or never'
            cand -q 'Only the result: no notes on stderr'
            cand --quiet 'Only the result: no notes on stderr'
            cand -v 'Show the raw evidence of every step, and every branch in full'
            cand --verbose 'Show the raw evidence of every step, and every branch in full'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'kubenet;help'= {
            cand trace 'Say what happens to a packet, step by step'
            cand check 'Name what is broken, with evidence and the commands that mend it'
            cand explain 'Say what a thing is for, who comes to it, where it leads'
            cand pods 'List pods to trace from and to'
            cand services 'List Services to trace to'
            cand nodes 'List nodes'
            cand netns 'List network namespaces, and what was read of each'
            cand exec 'Run a program of this machine in a pod''s network'
            cand show 'Show what a namespace holds, joined with names'
            cand lab 'Build and use the practice cluster'
            cand completion 'Print a shell''s completion script'
            cand man 'Print the manual page, or write the pages of all commands'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'kubenet;help;trace'= {
        }
        &'kubenet;help;check'= {
        }
        &'kubenet;help;explain'= {
            cand chain 'A chain: whose it is, who comes to it, what each rule does and why'
            cand ip 'An address: whose it is, and how each node gets there'
            cand mac 'A hardware address: whose it is, and where frames to it go'
            cand device 'A network device: what it is for, how it is set up, who is behind it'
            cand route 'Where packets to an address go, and why by that route'
            cand service 'A Service: everything that a node holds for it, and who uses it now'
            cand nodeport 'A port of the nodes: what it leads to'
            cand ipset 'An ipset: what it is for, what it has, which rules look into it'
            cand virtual-server 'A virtual server of IPVS: whose it is, how it chooses, where it leads'
            cand rule 'A rule: which packets, what becomes of them, and why it is there'
            cand mark 'A packet''s mark: whose bits it has, which rules set and ask them'
            cand drop 'Where packets from one to another stop, and what that means'
            cand modes 'What kube-proxy''s modes cost on a node: rules met, entries held'
            cand backends 'flannel''s vxlan and host-gw compared: headers, MTU, who shares a link'
        }
        &'kubenet;help;explain;chain'= {
        }
        &'kubenet;help;explain;ip'= {
        }
        &'kubenet;help;explain;mac'= {
        }
        &'kubenet;help;explain;device'= {
        }
        &'kubenet;help;explain;route'= {
        }
        &'kubenet;help;explain;service'= {
        }
        &'kubenet;help;explain;nodeport'= {
        }
        &'kubenet;help;explain;ipset'= {
        }
        &'kubenet;help;explain;virtual-server'= {
        }
        &'kubenet;help;explain;rule'= {
        }
        &'kubenet;help;explain;mark'= {
        }
        &'kubenet;help;explain;drop'= {
        }
        &'kubenet;help;explain;modes'= {
        }
        &'kubenet;help;explain;backends'= {
        }
        &'kubenet;help;pods'= {
        }
        &'kubenet;help;services'= {
        }
        &'kubenet;help;nodes'= {
        }
        &'kubenet;help;netns'= {
        }
        &'kubenet;help;exec'= {
        }
        &'kubenet;help;show'= {
        }
        &'kubenet;help;lab'= {
            cand up 'Build a lab'
            cand down 'Take a lab down, without a trace'
            cand list 'List the labs that are up'
            cand break 'Make a fault, as it happens in life'
            cand heal 'Mend everything: build the same lab anew'
            cand run 'Run a program in the network namespace of a pod or node'
            cand shell 'Open a shell in which labs can be built without root'
            cand capture 'Write a bundle of a lab, by the standard tools'
            cand hold 'Hold a namespace: started by `up`, once for each'
            cand init 'Be the first process of a `shell`'
        }
        &'kubenet;help;lab;up'= {
        }
        &'kubenet;help;lab;down'= {
        }
        &'kubenet;help;lab;list'= {
        }
        &'kubenet;help;lab;break'= {
        }
        &'kubenet;help;lab;heal'= {
        }
        &'kubenet;help;lab;run'= {
        }
        &'kubenet;help;lab;shell'= {
        }
        &'kubenet;help;lab;capture'= {
        }
        &'kubenet;help;lab;hold'= {
        }
        &'kubenet;help;lab;init'= {
        }
        &'kubenet;help;completion'= {
        }
        &'kubenet;help;man'= {
        }
        &'kubenet;help;help'= {
        }
    ]
    $completions[$command]
}
