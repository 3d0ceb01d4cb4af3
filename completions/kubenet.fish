# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_kubenet_global_optspecs
    string join \n bundle= demo= lab= kubeconfig= context= n/namespace= o/output= color= q/quiet v/verbose h/help V/version
end

function __fish_kubenet_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_kubenet_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_kubenet_using_subcommand
    set -l cmd (__fish_kubenet_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c kubenet -n "__fish_kubenet_needs_command" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_needs_command" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_needs_command" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_needs_command" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_needs_command" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_needs_command" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_needs_command" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_needs_command" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_needs_command" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_needs_command" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_needs_command" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_needs_command" -s V -l version -d 'Print version'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "trace" -d 'Say what happens to a packet, step by step'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "check" -d 'Name what is broken, with evidence and the commands that mend it'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "explain" -d 'Say what a thing is for, who comes to it, where it leads'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "pods" -d 'List pods to trace from and to'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "services" -d 'List Services to trace to'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "nodes" -d 'List nodes'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "netns" -d 'List network namespaces, and what was read of each'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "exec" -d 'Run a program of this machine in a pod\'s network'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "show" -d 'Show what a namespace holds, joined with names'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "lab" -d 'Build and use the practice cluster'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "completion" -d 'Print a shell\'s completion script'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "man" -d 'Print the manual page, or write the pages of all commands'
complete -c kubenet -n "__fish_kubenet_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l proto -d 'tcp, udp, sctp, icmp or a number [default: the Service port\'s, else tcp]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l port -d 'Destination port, by number or by the name that the Service gives it' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l sport -d 'Source port, with icmp the echo\'s identifier [default: one that the kernel picks]; a connection that stands with it is followed as its entry says' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l size -d 'Bytes of the IP packet, for questions of MTU [default: a first packet\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l mark -d 'Mark set by the sender (SO_MARK), decimal or 0x...' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l via -d 'The node that a client outside the cluster sends to' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l branch -d 'Show only this branch, in full (1 is the first)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l established -d 'Ask about a later packet of a connection that stands (see the tables of connection tracking)'
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l dns -d 'Trace the DNS queries of the program before: what its resolv.conf asks, over UDP and over TCP'
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l ipv4 -d 'Use IPv4 addresses'
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l ipv6 -d 'Use IPv6 addresses'
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -l no-reply -d 'Do not follow the reply'
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand trace" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l on -d 'Only what is found on this node (repeat for more)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l severity -d 'Only what is as bad as this or worse: error, warning or info' -r -f -a "error\t'Something does not work'
warning\t'Something will stop to work, or works differently'
info\t'Everything'"
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l explain -d 'Say what one check finds, why that happens, and how to mend it' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l list -d 'List the checks'
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -l markdown -d 'Write the page of all checks in Markdown'
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand check" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "chain" -d 'A chain: whose it is, who comes to it, what each rule does and why'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "ip" -d 'An address: whose it is, and how each node gets there'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "mac" -d 'A hardware address: whose it is, and where frames to it go'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "device" -d 'A network device: what it is for, how it is set up, who is behind it'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "route" -d 'Where packets to an address go, and why by that route'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "service" -d 'A Service: everything that a node holds for it, and who uses it now'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "nodeport" -d 'A port of the nodes: what it leads to'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "ipset" -d 'An ipset: what it is for, what it has, which rules look into it'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "virtual-server" -d 'A virtual server of IPVS: whose it is, how it chooses, where it leads'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "rule" -d 'A rule: which packets, what becomes of them, and why it is there'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "mark" -d 'A packet\'s mark: whose bits it has, which rules set and ask them'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "drop" -d 'Where packets from one to another stop, and what that means'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "modes" -d 'What kube-proxy\'s modes cost on a node: rules met, entries held'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "backends" -d 'flannel\'s vxlan and host-gw compared: headers, MTU, who shares a link'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and not __fish_seen_subcommand_from chain ip mac device route service nodeport ipset virtual-server rule mark drop modes backends help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -l on -d 'The node whose chain it is [default: the first that has it]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -l table -d 'The table: nat, filter, mangle, raw, security, or a native one by its name [default: the first of these]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -l ipv4 -d 'Only chains that see IPv4'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -l ipv6 -d 'Only chains that see IPv6'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from chain" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ip" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mac" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -l on -d 'The node whose device it is [default: the first that has it]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -l pod -d 'The pod whose device it is' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from device" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -l from -d 'Only from this pod [default: from every node]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -l on -d 'Only from this node' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from route" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -l on -d 'The node that holds it [default: the first that was read]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from service" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from nodeport" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -l on -d 'The node whose set it is [default: the first that has it]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from ipset" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -l on -d 'The node whose virtual server it is [default: the first that has it]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from virtual-server" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -l on -d 'The node whose rule it is [default: the first that has it]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -l ipv6 -d 'Of ip6tables, or of a table that sees IPv6'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from rule" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from mark" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -l proto -d 'tcp, udp, sctp, icmp or a number [default: the Service port\'s, else tcp]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from drop" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -l on -d 'The node whose figures count [default: the first that was read]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from modes" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from backends" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "chain" -d 'A chain: whose it is, who comes to it, what each rule does and why'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "ip" -d 'An address: whose it is, and how each node gets there'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "mac" -d 'A hardware address: whose it is, and where frames to it go'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "device" -d 'A network device: what it is for, how it is set up, who is behind it'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "route" -d 'Where packets to an address go, and why by that route'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "service" -d 'A Service: everything that a node holds for it, and who uses it now'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "nodeport" -d 'A port of the nodes: what it leads to'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "ipset" -d 'An ipset: what it is for, what it has, which rules look into it'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "virtual-server" -d 'A virtual server of IPVS: whose it is, how it chooses, where it leads'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "rule" -d 'A rule: which packets, what becomes of them, and why it is there'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "mark" -d 'A packet\'s mark: whose bits it has, which rules set and ask them'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "drop" -d 'Where packets from one to another stop, and what that means'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "modes" -d 'What kube-proxy\'s modes cost on a node: rules met, entries held'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "backends" -d 'flannel\'s vxlan and host-gw compared: headers, MTU, who shares a link'
complete -c kubenet -n "__fish_kubenet_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand pods" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand services" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand nodes" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand netns" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -l node -d 'In a node\'s own namespace, or with --netns in another one there' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -l netns -d 'In the namespace that `kubenet netns` calls so' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -l resolv-conf -d 'Mount its resolv.conf over /etc/resolv.conf, for this program alone'
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand exec" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l pod -d 'In a pod\'s namespace: NAME, NS/NAME or docker:NAME' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l node -d 'In a node\'s own namespace, or with --netns in another one there' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l netns -d 'In the namespace that `kubenet netns` calls so' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l device -d 'fdb of a tunnel: what neighbour table, fdb, routes and Node annotations say of each remote node, on one line' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l service -d 'conntrack: only connections to this Service' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -s a -l all -d 'Also what the kernel keeps by itself: local and link-local routes, multicast entries of fdbs'
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "up" -d 'Build a lab'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "down" -d 'Take a lab down, without a trace'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "list" -d 'List the labs that are up'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "break" -d 'Make a fault, as it happens in life'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "heal" -d 'Mend everything: build the same lab anew'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "run" -d 'Run a program in the network namespace of a pod or node'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "shell" -d 'Open a shell in which labs can be built without root'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "capture" -d 'Write a bundle of a lab, by the standard tools'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "hold" -d 'Hold a namespace: started by `up`, once for each'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "init" -d 'Be the first process of a `shell`'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and not __fish_seen_subcommand_from up down list break heal run shell capture hold init help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l name -d 'Name of the lab: several can stand side by side' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l backend -d 'How packets get from node to node' -r -f -a "vxlan\t'In a vxlan tunnel'
direct-routing\t'As they are between nodes of one network, else in a vxlan tunnel'
host-gw\t'As they are, with the other node as the gateway'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l iptables -d 'Which of the kernel\'s two iptables holds the rules' -r -f -a "nft\t'nf_tables'
legacy\t'x_tables'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l proxy -d 'What kube-proxy makes of Services' -r -f -a "iptables\t'Chains of iptables'
ipvs\t'Virtual servers of IPVS'
nftables\t'A native nftables table; flannel has one, too'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l scheduler -d 'How IPVS spreads connections, with `--proxy ipvs`' -r -f -a "rr\t''
wrr\t''
lc\t''
wlc\t''
sed\t''
nq\t''
sh\t''
dh\t''
mh\t''
lblc\t''
lblcr\t''
fo\t''
ovf\t''"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l proxy-version -d 'Whose layout the table has, with `--proxy nftables`' -r -f -a "1.30\t'Every endpoint has a chain'
1.36\t'A Service\'s chain translates by a map of its endpoints'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l ip-family -d 'Address families of nodes, pods and Services' -r -f -a "ipv4\t'IPv4'
ipv6\t'IPv6'
dual\t'Both, IPv4 first'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l nodes -d 'How many nodes: 1 to 5' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l spec -d 'Build what a file says (JSON), instead of the cluster described here' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from up" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -l name -d 'Name of the lab; the only one when left out' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -l all -d 'Every lab'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from down" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -l name -d 'Name of the lab; the only one when left out' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -l list -d 'List the faults, and how they come about'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from break" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -l name -d 'Name of the lab; the only one when left out' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from heal" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -l name -d 'Name of the lab; the only one when left out' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from shell" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -l name -d 'Name of the lab; the only one when left out' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from capture" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from hold" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from hold" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from hold" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from hold" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from hold" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from hold" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from hold" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from hold" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from hold" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from hold" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "up" -d 'Build a lab'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "down" -d 'Take a lab down, without a trace'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the labs that are up'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "break" -d 'Make a fault, as it happens in life'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "heal" -d 'Mend everything: build the same lab anew'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run a program in the network namespace of a pod or node'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "shell" -d 'Open a shell in which labs can be built without root'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "capture" -d 'Write a bundle of a lab, by the standard tools'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "hold" -d 'Hold a namespace: started by `up`, once for each'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "init" -d 'Be the first process of a `shell`'
complete -c kubenet -n "__fish_kubenet_using_subcommand lab; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand completion" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -l bundle -d 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -l demo -d 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find' -r -f -a "healthy\t'Everything arrives'
broken\t'node2 has a new tunnel end, of which master\'s fdb does not know'"
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -l lab -d 'Read the practice cluster (of that name, where several are up)' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -l kubeconfig -d 'A kubeconfig file [default: as kubectl finds it]' -r -F
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -l context -d 'The context of the kubeconfig [default: its current one]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -s n -l namespace -d 'Kubernetes namespace of bare names [default: the context\'s]' -r
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -s o -l output -d 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml' -r -f -a "text\t'For people, at most 80 columns'
wide\t'For people with wide terminals, and for grep'
json\t'For programs'
yaml\t'The same as YAML'"
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -s q -l quiet -d 'Only the result: no notes on stderr'
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -s v -l verbose -d 'Show the raw evidence of every step, and every branch in full'
complete -c kubenet -n "__fish_kubenet_using_subcommand man" -s h -l help -d 'Print help'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "trace" -d 'Say what happens to a packet, step by step'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "check" -d 'Name what is broken, with evidence and the commands that mend it'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "explain" -d 'Say what a thing is for, who comes to it, where it leads'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "pods" -d 'List pods to trace from and to'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "services" -d 'List Services to trace to'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "nodes" -d 'List nodes'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "netns" -d 'List network namespaces, and what was read of each'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "exec" -d 'Run a program of this machine in a pod\'s network'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "show" -d 'Show what a namespace holds, joined with names'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "lab" -d 'Build and use the practice cluster'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "completion" -d 'Print a shell\'s completion script'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "man" -d 'Print the manual page, or write the pages of all commands'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and not __fish_seen_subcommand_from trace check explain pods services nodes netns exec show lab completion man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "chain" -d 'A chain: whose it is, who comes to it, what each rule does and why'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "ip" -d 'An address: whose it is, and how each node gets there'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "mac" -d 'A hardware address: whose it is, and where frames to it go'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "device" -d 'A network device: what it is for, how it is set up, who is behind it'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "route" -d 'Where packets to an address go, and why by that route'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "service" -d 'A Service: everything that a node holds for it, and who uses it now'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "nodeport" -d 'A port of the nodes: what it leads to'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "ipset" -d 'An ipset: what it is for, what it has, which rules look into it'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "virtual-server" -d 'A virtual server of IPVS: whose it is, how it chooses, where it leads'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "rule" -d 'A rule: which packets, what becomes of them, and why it is there'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "mark" -d 'A packet\'s mark: whose bits it has, which rules set and ask them'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "drop" -d 'Where packets from one to another stop, and what that means'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "modes" -d 'What kube-proxy\'s modes cost on a node: rules met, entries held'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "backends" -d 'flannel\'s vxlan and host-gw compared: headers, MTU, who shares a link'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "up" -d 'Build a lab'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "down" -d 'Take a lab down, without a trace'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "list" -d 'List the labs that are up'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "break" -d 'Make a fault, as it happens in life'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "heal" -d 'Mend everything: build the same lab anew'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "run" -d 'Run a program in the network namespace of a pod or node'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "shell" -d 'Open a shell in which labs can be built without root'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "capture" -d 'Write a bundle of a lab, by the standard tools'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "hold" -d 'Hold a namespace: started by `up`, once for each'
complete -c kubenet -n "__fish_kubenet_using_subcommand help; and __fish_seen_subcommand_from lab" -f -a "init" -d 'Be the first process of a `shell`'
