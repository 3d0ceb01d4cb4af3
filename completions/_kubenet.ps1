
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'kubenet' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'kubenet'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'kubenet' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('trace', 'trace', [CompletionResultType]::ParameterValue, 'Say what happens to a packet, step by step')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Name what is broken, with evidence and the commands that mend it')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a thing is for, who comes to it, where it leads')
            [CompletionResult]::new('pods', 'pods', [CompletionResultType]::ParameterValue, 'List pods to trace from and to')
            [CompletionResult]::new('services', 'services', [CompletionResultType]::ParameterValue, 'List Services to trace to')
            [CompletionResult]::new('nodes', 'nodes', [CompletionResultType]::ParameterValue, 'List nodes')
            [CompletionResult]::new('netns', 'netns', [CompletionResultType]::ParameterValue, 'List network namespaces, and what was read of each')
            [CompletionResult]::new('exec', 'exec', [CompletionResultType]::ParameterValue, 'Run a program of this machine in a pod''s network')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what a namespace holds, joined with names')
            [CompletionResult]::new('lab', 'lab', [CompletionResultType]::ParameterValue, 'Build and use the practice cluster')
            [CompletionResult]::new('completion', 'completion', [CompletionResultType]::ParameterValue, 'Print a shell''s completion script')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write the pages of all commands')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kubenet;trace' {
            [CompletionResult]::new('--proto', '--proto', [CompletionResultType]::ParameterName, 'tcp, udp, sctp, icmp or a number [default: the Service port''s, else tcp]')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Destination port, by number or by the name that the Service gives it')
            [CompletionResult]::new('--sport', '--sport', [CompletionResultType]::ParameterName, 'Source port, with icmp the echo''s identifier [default: one that the kernel picks]; a connection that stands with it is followed as its entry says')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Bytes of the IP packet, for questions of MTU [default: a first packet''s]')
            [CompletionResult]::new('--mark', '--mark', [CompletionResultType]::ParameterName, 'Mark set by the sender (SO_MARK), decimal or 0x...')
            [CompletionResult]::new('--via', '--via', [CompletionResultType]::ParameterName, 'The node that a client outside the cluster sends to')
            [CompletionResult]::new('--branch', '--branch', [CompletionResultType]::ParameterName, 'Show only this branch, in full (1 is the first)')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('--established', '--established', [CompletionResultType]::ParameterName, 'Ask about a later packet of a connection that stands (see the tables of connection tracking)')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Trace the DNS queries of the program before: what its resolv.conf asks, over UDP and over TCP')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'Use IPv4 addresses')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Use IPv6 addresses')
            [CompletionResult]::new('--no-reply', '--no-reply', [CompletionResultType]::ParameterName, 'Do not follow the reply')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;check' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'Only what is found on this node (repeat for more)')
            [CompletionResult]::new('--severity', '--severity', [CompletionResultType]::ParameterName, 'Only what is as bad as this or worse: error, warning or info')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Say what one check finds, why that happens, and how to mend it')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List the checks')
            [CompletionResult]::new('--markdown', '--markdown', [CompletionResultType]::ParameterName, 'Write the page of all checks in Markdown')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('chain', 'chain', [CompletionResultType]::ParameterValue, 'A chain: whose it is, who comes to it, what each rule does and why')
            [CompletionResult]::new('ip', 'ip', [CompletionResultType]::ParameterValue, 'An address: whose it is, and how each node gets there')
            [CompletionResult]::new('mac', 'mac', [CompletionResultType]::ParameterValue, 'A hardware address: whose it is, and where frames to it go')
            [CompletionResult]::new('device', 'device', [CompletionResultType]::ParameterValue, 'A network device: what it is for, how it is set up, who is behind it')
            [CompletionResult]::new('route', 'route', [CompletionResultType]::ParameterValue, 'Where packets to an address go, and why by that route')
            [CompletionResult]::new('service', 'service', [CompletionResultType]::ParameterValue, 'A Service: everything that a node holds for it, and who uses it now')
            [CompletionResult]::new('nodeport', 'nodeport', [CompletionResultType]::ParameterValue, 'A port of the nodes: what it leads to')
            [CompletionResult]::new('ipset', 'ipset', [CompletionResultType]::ParameterValue, 'An ipset: what it is for, what it has, which rules look into it')
            [CompletionResult]::new('virtual-server', 'virtual-server', [CompletionResultType]::ParameterValue, 'A virtual server of IPVS: whose it is, how it chooses, where it leads')
            [CompletionResult]::new('rule', 'rule', [CompletionResultType]::ParameterValue, 'A rule: which packets, what becomes of them, and why it is there')
            [CompletionResult]::new('mark', 'mark', [CompletionResultType]::ParameterValue, 'A packet''s mark: whose bits it has, which rules set and ask them')
            [CompletionResult]::new('drop', 'drop', [CompletionResultType]::ParameterValue, 'Where packets from one to another stop, and what that means')
            [CompletionResult]::new('modes', 'modes', [CompletionResultType]::ParameterValue, 'What kube-proxy''s modes cost on a node: rules met, entries held')
            [CompletionResult]::new('backends', 'backends', [CompletionResultType]::ParameterValue, 'flannel''s vxlan and host-gw compared: headers, MTU, who shares a link')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kubenet;explain;chain' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'The node whose chain it is [default: the first that has it]')
            [CompletionResult]::new('--table', '--table', [CompletionResultType]::ParameterName, 'The table: nat, filter, mangle, raw, security, or a native one by its name [default: the first of these]')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'Only chains that see IPv4')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Only chains that see IPv6')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;ip' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;mac' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;device' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'The node whose device it is [default: the first that has it]')
            [CompletionResult]::new('--pod', '--pod', [CompletionResultType]::ParameterName, 'The pod whose device it is')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;route' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Only from this pod [default: from every node]')
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'Only from this node')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;service' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'The node that holds it [default: the first that was read]')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;nodeport' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;ipset' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'The node whose set it is [default: the first that has it]')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;virtual-server' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'The node whose virtual server it is [default: the first that has it]')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;rule' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'The node whose rule it is [default: the first that has it]')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Of ip6tables, or of a table that sees IPv6')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;mark' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;drop' {
            [CompletionResult]::new('--proto', '--proto', [CompletionResultType]::ParameterName, 'tcp, udp, sctp, icmp or a number [default: the Service port''s, else tcp]')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;modes' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'The node whose figures count [default: the first that was read]')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;backends' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;explain;help' {
            [CompletionResult]::new('chain', 'chain', [CompletionResultType]::ParameterValue, 'A chain: whose it is, who comes to it, what each rule does and why')
            [CompletionResult]::new('ip', 'ip', [CompletionResultType]::ParameterValue, 'An address: whose it is, and how each node gets there')
            [CompletionResult]::new('mac', 'mac', [CompletionResultType]::ParameterValue, 'A hardware address: whose it is, and where frames to it go')
            [CompletionResult]::new('device', 'device', [CompletionResultType]::ParameterValue, 'A network device: what it is for, how it is set up, who is behind it')
            [CompletionResult]::new('route', 'route', [CompletionResultType]::ParameterValue, 'Where packets to an address go, and why by that route')
            [CompletionResult]::new('service', 'service', [CompletionResultType]::ParameterValue, 'A Service: everything that a node holds for it, and who uses it now')
            [CompletionResult]::new('nodeport', 'nodeport', [CompletionResultType]::ParameterValue, 'A port of the nodes: what it leads to')
            [CompletionResult]::new('ipset', 'ipset', [CompletionResultType]::ParameterValue, 'An ipset: what it is for, what it has, which rules look into it')
            [CompletionResult]::new('virtual-server', 'virtual-server', [CompletionResultType]::ParameterValue, 'A virtual server of IPVS: whose it is, how it chooses, where it leads')
            [CompletionResult]::new('rule', 'rule', [CompletionResultType]::ParameterValue, 'A rule: which packets, what becomes of them, and why it is there')
            [CompletionResult]::new('mark', 'mark', [CompletionResultType]::ParameterValue, 'A packet''s mark: whose bits it has, which rules set and ask them')
            [CompletionResult]::new('drop', 'drop', [CompletionResultType]::ParameterValue, 'Where packets from one to another stop, and what that means')
            [CompletionResult]::new('modes', 'modes', [CompletionResultType]::ParameterValue, 'What kube-proxy''s modes cost on a node: rules met, entries held')
            [CompletionResult]::new('backends', 'backends', [CompletionResultType]::ParameterValue, 'flannel''s vxlan and host-gw compared: headers, MTU, who shares a link')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kubenet;explain;help;chain' {
            break
        }
        'kubenet;explain;help;ip' {
            break
        }
        'kubenet;explain;help;mac' {
            break
        }
        'kubenet;explain;help;device' {
            break
        }
        'kubenet;explain;help;route' {
            break
        }
        'kubenet;explain;help;service' {
            break
        }
        'kubenet;explain;help;nodeport' {
            break
        }
        'kubenet;explain;help;ipset' {
            break
        }
        'kubenet;explain;help;virtual-server' {
            break
        }
        'kubenet;explain;help;rule' {
            break
        }
        'kubenet;explain;help;mark' {
            break
        }
        'kubenet;explain;help;drop' {
            break
        }
        'kubenet;explain;help;modes' {
            break
        }
        'kubenet;explain;help;backends' {
            break
        }
        'kubenet;explain;help;help' {
            break
        }
        'kubenet;pods' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;services' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;nodes' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;netns' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;exec' {
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'In a node''s own namespace, or with --netns in another one there')
            [CompletionResult]::new('--netns', '--netns', [CompletionResultType]::ParameterName, 'In the namespace that `kubenet netns` calls so')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('--resolv-conf', '--resolv-conf', [CompletionResultType]::ParameterName, 'Mount its resolv.conf over /etc/resolv.conf, for this program alone')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;show' {
            [CompletionResult]::new('--pod', '--pod', [CompletionResultType]::ParameterName, 'In a pod''s namespace: NAME, NS/NAME or docker:NAME')
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'In a node''s own namespace, or with --netns in another one there')
            [CompletionResult]::new('--netns', '--netns', [CompletionResultType]::ParameterName, 'In the namespace that `kubenet netns` calls so')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'fdb of a tunnel: what neighbour table, fdb, routes and Node annotations say of each remote node, on one line')
            [CompletionResult]::new('--service', '--service', [CompletionResultType]::ParameterName, 'conntrack: only connections to this Service')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Also what the kernel keeps by itself: local and link-local routes, multicast entries of fdbs')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Also what the kernel keeps by itself: local and link-local routes, multicast entries of fdbs')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kubenet;lab' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('up', 'up', [CompletionResultType]::ParameterValue, 'Build a lab')
            [CompletionResult]::new('down', 'down', [CompletionResultType]::ParameterValue, 'Take a lab down, without a trace')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the labs that are up')
            [CompletionResult]::new('break', 'break', [CompletionResultType]::ParameterValue, 'Make a fault, as it happens in life')
            [CompletionResult]::new('heal', 'heal', [CompletionResultType]::ParameterValue, 'Mend everything: build the same lab anew')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program in the network namespace of a pod or node')
            [CompletionResult]::new('shell', 'shell', [CompletionResultType]::ParameterValue, 'Open a shell in which labs can be built without root')
            [CompletionResult]::new('capture', 'capture', [CompletionResultType]::ParameterValue, 'Write a bundle of a lab, by the standard tools')
            [CompletionResult]::new('hold', 'hold', [CompletionResultType]::ParameterValue, 'Hold a namespace: started by `up`, once for each')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Be the first process of a `shell`')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kubenet;lab;up' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the lab: several can stand side by side')
            [CompletionResult]::new('--backend', '--backend', [CompletionResultType]::ParameterName, 'How packets get from node to node')
            [CompletionResult]::new('--iptables', '--iptables', [CompletionResultType]::ParameterName, 'Which of the kernel''s two iptables holds the rules')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'What kube-proxy makes of Services')
            [CompletionResult]::new('--scheduler', '--scheduler', [CompletionResultType]::ParameterName, 'How IPVS spreads connections, with `--proxy ipvs`')
            [CompletionResult]::new('--proxy-version', '--proxy-version', [CompletionResultType]::ParameterName, 'Whose layout the table has, with `--proxy nftables`')
            [CompletionResult]::new('--ip-family', '--ip-family', [CompletionResultType]::ParameterName, 'Address families of nodes, pods and Services')
            [CompletionResult]::new('--nodes', '--nodes', [CompletionResultType]::ParameterName, 'How many nodes: 1 to 5')
            [CompletionResult]::new('--spec', '--spec', [CompletionResultType]::ParameterName, 'Build what a file says (JSON), instead of the cluster described here')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kubenet;lab;down' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the lab; the only one when left out')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every lab')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;lab;list' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;lab;break' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the lab; the only one when left out')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List the faults, and how they come about')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;lab;heal' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the lab; the only one when left out')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;lab;run' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the lab; the only one when left out')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;lab;shell' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;lab;capture' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the lab; the only one when left out')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;lab;hold' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;lab;init' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;lab;help' {
            [CompletionResult]::new('up', 'up', [CompletionResultType]::ParameterValue, 'Build a lab')
            [CompletionResult]::new('down', 'down', [CompletionResultType]::ParameterValue, 'Take a lab down, without a trace')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the labs that are up')
            [CompletionResult]::new('break', 'break', [CompletionResultType]::ParameterValue, 'Make a fault, as it happens in life')
            [CompletionResult]::new('heal', 'heal', [CompletionResultType]::ParameterValue, 'Mend everything: build the same lab anew')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program in the network namespace of a pod or node')
            [CompletionResult]::new('shell', 'shell', [CompletionResultType]::ParameterValue, 'Open a shell in which labs can be built without root')
            [CompletionResult]::new('capture', 'capture', [CompletionResultType]::ParameterValue, 'Write a bundle of a lab, by the standard tools')
            [CompletionResult]::new('hold', 'hold', [CompletionResultType]::ParameterValue, 'Hold a namespace: started by `up`, once for each')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Be the first process of a `shell`')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kubenet;lab;help;up' {
            break
        }
        'kubenet;lab;help;down' {
            break
        }
        'kubenet;lab;help;list' {
            break
        }
        'kubenet;lab;help;break' {
            break
        }
        'kubenet;lab;help;heal' {
            break
        }
        'kubenet;lab;help;run' {
            break
        }
        'kubenet;lab;help;shell' {
            break
        }
        'kubenet;lab;help;capture' {
            break
        }
        'kubenet;lab;help;hold' {
            break
        }
        'kubenet;lab;help;init' {
            break
        }
        'kubenet;lab;help;help' {
            break
        }
        'kubenet;completion' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kubenet;man' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Read a bundle: a directory, .tar, .tar.gz or .tar.zst (repeat for one a node)')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Use the built-in three-node cluster: needs no root, no cluster, no file; `--demo=broken` is one with a fault to find')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Read the practice cluster (of that name, where several are up)')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'A kubeconfig file [default: as kubectl finds it]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The context of the kubeconfig [default: its current one]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace of bare names [default: the context''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result: text, wide (all columns and evidence, long lines whole), json or yaml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour: auto, always or never')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only the result: no notes on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show the raw evidence of every step, and every branch in full')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kubenet;help' {
            [CompletionResult]::new('trace', 'trace', [CompletionResultType]::ParameterValue, 'Say what happens to a packet, step by step')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Name what is broken, with evidence and the commands that mend it')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a thing is for, who comes to it, where it leads')
            [CompletionResult]::new('pods', 'pods', [CompletionResultType]::ParameterValue, 'List pods to trace from and to')
            [CompletionResult]::new('services', 'services', [CompletionResultType]::ParameterValue, 'List Services to trace to')
            [CompletionResult]::new('nodes', 'nodes', [CompletionResultType]::ParameterValue, 'List nodes')
            [CompletionResult]::new('netns', 'netns', [CompletionResultType]::ParameterValue, 'List network namespaces, and what was read of each')
            [CompletionResult]::new('exec', 'exec', [CompletionResultType]::ParameterValue, 'Run a program of this machine in a pod''s network')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what a namespace holds, joined with names')
            [CompletionResult]::new('lab', 'lab', [CompletionResultType]::ParameterValue, 'Build and use the practice cluster')
            [CompletionResult]::new('completion', 'completion', [CompletionResultType]::ParameterValue, 'Print a shell''s completion script')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write the pages of all commands')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kubenet;help;trace' {
            break
        }
        'kubenet;help;check' {
            break
        }
        'kubenet;help;explain' {
            [CompletionResult]::new('chain', 'chain', [CompletionResultType]::ParameterValue, 'A chain: whose it is, who comes to it, what each rule does and why')
            [CompletionResult]::new('ip', 'ip', [CompletionResultType]::ParameterValue, 'An address: whose it is, and how each node gets there')
            [CompletionResult]::new('mac', 'mac', [CompletionResultType]::ParameterValue, 'A hardware address: whose it is, and where frames to it go')
            [CompletionResult]::new('device', 'device', [CompletionResultType]::ParameterValue, 'A network device: what it is for, how it is set up, who is behind it')
            [CompletionResult]::new('route', 'route', [CompletionResultType]::ParameterValue, 'Where packets to an address go, and why by that route')
            [CompletionResult]::new('service', 'service', [CompletionResultType]::ParameterValue, 'A Service: everything that a node holds for it, and who uses it now')
            [CompletionResult]::new('nodeport', 'nodeport', [CompletionResultType]::ParameterValue, 'A port of the nodes: what it leads to')
            [CompletionResult]::new('ipset', 'ipset', [CompletionResultType]::ParameterValue, 'An ipset: what it is for, what it has, which rules look into it')
            [CompletionResult]::new('virtual-server', 'virtual-server', [CompletionResultType]::ParameterValue, 'A virtual server of IPVS: whose it is, how it chooses, where it leads')
            [CompletionResult]::new('rule', 'rule', [CompletionResultType]::ParameterValue, 'A rule: which packets, what becomes of them, and why it is there')
            [CompletionResult]::new('mark', 'mark', [CompletionResultType]::ParameterValue, 'A packet''s mark: whose bits it has, which rules set and ask them')
            [CompletionResult]::new('drop', 'drop', [CompletionResultType]::ParameterValue, 'Where packets from one to another stop, and what that means')
            [CompletionResult]::new('modes', 'modes', [CompletionResultType]::ParameterValue, 'What kube-proxy''s modes cost on a node: rules met, entries held')
            [CompletionResult]::new('backends', 'backends', [CompletionResultType]::ParameterValue, 'flannel''s vxlan and host-gw compared: headers, MTU, who shares a link')
            break
        }
        'kubenet;help;explain;chain' {
            break
        }
        'kubenet;help;explain;ip' {
            break
        }
        'kubenet;help;explain;mac' {
            break
        }
        'kubenet;help;explain;device' {
            break
        }
        'kubenet;help;explain;route' {
            break
        }
        'kubenet;help;explain;service' {
            break
        }
        'kubenet;help;explain;nodeport' {
            break
        }
        'kubenet;help;explain;ipset' {
            break
        }
        'kubenet;help;explain;virtual-server' {
            break
        }
        'kubenet;help;explain;rule' {
            break
        }
        'kubenet;help;explain;mark' {
            break
        }
        'kubenet;help;explain;drop' {
            break
        }
        'kubenet;help;explain;modes' {
            break
        }
        'kubenet;help;explain;backends' {
            break
        }
        'kubenet;help;pods' {
            break
        }
        'kubenet;help;services' {
            break
        }
        'kubenet;help;nodes' {
            break
        }
        'kubenet;help;netns' {
            break
        }
        'kubenet;help;exec' {
            break
        }
        'kubenet;help;show' {
            break
        }
        'kubenet;help;lab' {
            [CompletionResult]::new('up', 'up', [CompletionResultType]::ParameterValue, 'Build a lab')
            [CompletionResult]::new('down', 'down', [CompletionResultType]::ParameterValue, 'Take a lab down, without a trace')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the labs that are up')
            [CompletionResult]::new('break', 'break', [CompletionResultType]::ParameterValue, 'Make a fault, as it happens in life')
            [CompletionResult]::new('heal', 'heal', [CompletionResultType]::ParameterValue, 'Mend everything: build the same lab anew')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program in the network namespace of a pod or node')
            [CompletionResult]::new('shell', 'shell', [CompletionResultType]::ParameterValue, 'Open a shell in which labs can be built without root')
            [CompletionResult]::new('capture', 'capture', [CompletionResultType]::ParameterValue, 'Write a bundle of a lab, by the standard tools')
            [CompletionResult]::new('hold', 'hold', [CompletionResultType]::ParameterValue, 'Hold a namespace: started by `up`, once for each')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Be the first process of a `shell`')
            break
        }
        'kubenet;help;lab;up' {
            break
        }
        'kubenet;help;lab;down' {
            break
        }
        'kubenet;help;lab;list' {
            break
        }
        'kubenet;help;lab;break' {
            break
        }
        'kubenet;help;lab;heal' {
            break
        }
        'kubenet;help;lab;run' {
            break
        }
        'kubenet;help;lab;shell' {
            break
        }
        'kubenet;help;lab;capture' {
            break
        }
        'kubenet;help;lab;hold' {
            break
        }
        'kubenet;help;lab;init' {
            break
        }
        'kubenet;help;completion' {
            break
        }
        'kubenet;help;man' {
            break
        }
        'kubenet;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
