# SPDX-License-Identifier: GPL-2.0-only
## make bench    what tracing costs, in instructions per call (BENCH=--json)
## make profile  where they go, function by function (PROFILE=--help)
## make bench-peers  the same of strace, perf, trace-cmd, bpftrace, in one boot; installs them (BENCH=--json)

.PHONY: bench profile bench-peers
bench:
	@packaging/install-dev-packages
	@bench/run $(BENCH)

profile:
	@packaging/install-dev-packages
	@bench/profile $(PROFILE)

bench-peers:
	@bench/peers $(BENCH)
