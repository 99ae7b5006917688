# SPDX-License-Identifier: GPL-2.0-only
## make bench    what tracing costs, in instructions per call (BENCH=--json)
## make profile  where they go, function by function (PROFILE=--help)

.PHONY: bench profile
bench:
	@packaging/install-dev-packages
	@bench/run $(BENCH)

profile:
	@packaging/install-dev-packages
	@bench/profile $(PROFILE)
