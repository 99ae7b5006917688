# SPDX-License-Identifier: GPL-2.0-only
## make bench    what tracing costs, in instructions per call (BENCH=--json)

.PHONY: bench
bench:
	@packaging/install-dev-packages
	@bench/run $(BENCH)
