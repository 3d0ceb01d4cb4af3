# kubenet: `make` builds it, `make test` runs everything, `make install` puts it where PREFIX says.

PREFIX  ?= /usr/local
DESTDIR ?=
CARGO   ?= cargo

KUBENET  = target/release/kubenet
BIN      = $(DESTDIR)$(PREFIX)/bin
SHARE    = $(DESTDIR)$(PREFIX)/share

.PHONY: build test test-vm torture torture-clusters torture-rules torture-nftables torture-routing torture-faults torture-vm \
	bench dist install uninstall generated clean

build:
	$(CARGO) build --release --locked

# Installs what the tests need with apt when it is missing and you are root.
test:
	tests/run.sh

# A part of the tests again, in a kernel that has what this one may lack: Debian's, in a virtual machine.
test-vm:
	tests/vm/run.sh

# The random tests against the kernel, with more cases than a change is asked for: PACKETS through rulesets of iptables (a
# quarter of them for each of four kinds), so many RULESETS of nftables, ROUTERS and CLUSTERS of each kind, so many
# PAIRS of faults (and faults in each other kind of cluster), and VM_CLUSTERS with IPVS in the virtual machine. SEED says where to begin: another one asks other questions.
PACKETS     ?= 100000
RULESETS    ?= 2000
ROUTERS     ?= 2000
CLUSTERS    ?= 1000
PAIRS       ?= 100
VM_CLUSTERS ?= 100
SEED        ?= 1
TORTURE      = KUBENET_SEED=$(SEED) $(CARGO) test --release --locked

torture: torture-rules torture-nftables torture-routing torture-clusters torture-faults torture-vm

torture-rules:
	KUBENET_CASES=$$(($(PACKETS) / 4)) $(TORTURE) --test rules_kernel random:: -- --nocapture

torture-nftables:
	KUBENET_CASES=$(RULESETS) $(TORTURE) --test nftables_kernel random:: -- --nocapture

torture-routing:
	KUBENET_CASES=$(ROUTERS) $(TORTURE) --test routing_kernel random -- --nocapture

torture-clusters:
	KUBENET_CASES=$(CLUSTERS) $(TORTURE) --test clusters_kernel -- --nocapture

torture-faults:
	KUBENET_CASES=$(PAIRS) $(TORTURE) --test lab_faults -- --nocapture

torture-vm:
	KUBENET_CASES=$(VM_CLUSTERS) KUBENET_VM_SECONDS=7200 tests/vm/run.sh clusters_kernel:ipvs_clusters

bench:
	$(CARGO) bench --locked --no-fail-fast

# A Debian package, an archive with a static program, and krew's manifest, in target/dist.
dist:
	packaging/build.sh

install: build
	install -D -m 755 $(KUBENET) $(BIN)/kubenet
	ln -sf kubenet $(BIN)/kubectl-kubenet
	ln -sf kubenet $(BIN)/kubectl_complete-kubenet
	install -d $(SHARE)/man/man1
	install -m 644 man/*.1 $(SHARE)/man/man1/
	install -D -m 644 completions/kubenet.bash $(SHARE)/bash-completion/completions/kubenet
	install -D -m 644 completions/_kubenet $(SHARE)/zsh/site-functions/_kubenet
	install -D -m 644 completions/kubenet.fish $(SHARE)/fish/vendor_completions.d/kubenet.fish
	install -D -m 644 completions/kubenet.elv $(SHARE)/elvish/lib/kubenet.elv

uninstall:
	rm -f $(BIN)/kubenet $(BIN)/kubectl-kubenet $(BIN)/kubectl_complete-kubenet
	rm -f $(SHARE)/man/man1/kubenet.1 $(SHARE)/man/man1/kubenet-*.1
	rm -f $(SHARE)/bash-completion/completions/kubenet $(SHARE)/zsh/site-functions/_kubenet
	rm -f $(SHARE)/fish/vendor_completions.d/kubenet.fish $(SHARE)/elvish/lib/kubenet.elv

# Writes man/, completions/, docs/ and the README's transcripts anew from the program; tests fail when they are stale.
generated:
	$(CARGO) build --locked
	rm -f man/*.1
	target/debug/kubenet man man
	target/debug/kubenet check --markdown > docs/checks.md
	target/debug/kubenet completion bash > completions/kubenet.bash
	target/debug/kubenet completion zsh > completions/_kubenet
	target/debug/kubenet completion fish > completions/kubenet.fish
	target/debug/kubenet completion elvish > completions/kubenet.elv
	target/debug/kubenet completion powershell > completions/_kubenet.ps1
	KUBENET_WRITE_README=1 $(CARGO) test --quiet --locked --test cli_readme

clean:
	$(CARGO) clean
