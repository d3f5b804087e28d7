# Prints a line for every BPF program of this kernel: name, hits, nanoseconds, hits that were passed over. Hits and
# time are counted only while kernel.bpf_stats_enabled is set. bpf(2): BPF_PROG_GET_NEXT_ID 11, BPF_PROG_GET_FD_BY_ID
# 13, BPF_OBJ_GET_INFO_BY_FD 15; offsets are those of struct bpf_prog_info.
use strict;
use warnings;
use POSIX ();

my $bpf = { x86_64 => 321, aarch64 => 280 }->{(POSIX::uname())[4]};
my $id = 0;
while (1) {
	my $next = pack 'LLL', $id, 0, 0;
	last if syscall($bpf, 11, $next, length $next) != 0;
	(undef, $id) = unpack 'LL', $next;
	my $by_id = pack 'LLL', $id, 0, 0;
	my $program = syscall $bpf, 13, $by_id, length $by_id;
	next if $program < 0; # gone meanwhile
	my $info = "\0" x 232;
	my $attribute = pack 'LLQ', $program, length $info, unpack 'Q', pack 'P', $info;
	syscall($bpf, 15, $attribute, length $attribute) == 0 or die "info: $!";
	my $name = unpack 'Z16', substr $info, 64, 16;
	my ($nanoseconds, $hits, $missed) = unpack 'Q3', substr $info, 192, 24;
	print "$name $hits $nanoseconds $missed\n";
	POSIX::close($program);
}
