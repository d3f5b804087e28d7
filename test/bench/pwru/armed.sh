# What the comparison asks of probes in the guest. Definitions that wait for their removal are marked as disabled.
armed() {
	{ cat /sys/kernel/tracing/enabled_functions; grep -v '\[DISABLED\]' /sys/kernel/debug/kprobes/list; } | grep -q .
}

# gone [PID]: waits until no probe is armed and the process has ended; prints the milliseconds it took.
gone() {
	began=$(date +%s%N)
	while { [ -n "${1-}" ] && [ -d "/proc/$1" ]; } || armed; do
		sleep 0.02
		[ $(($(date +%s%N) - began)) -lt 300000000000 ] || exit 1
	done
	echo $((($(date +%s%N) - began) / 1000000))
}
