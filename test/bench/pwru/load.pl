# Loads for the comparison with pwru. Those that receive do so before this returns, and go on in the background; those
# that send print what they sent and how many nanoseconds it took.
use strict;
use warnings;
use POSIX ();
use Socket;

use constant {
	SYS_clock_gettime => { x86_64 => 228, aarch64 => 113 }->{(POSIX::uname())[4]}, CLOCK_MONOTONIC => 1,
	SO_RCVBUFFORCE => 33, TICK => 0.002,
};

my $command = shift;
my %commands = (
	# udp-receive PORT
	'udp-receive' => sub {
		my $socket = bound(SOCK_DGRAM, $_[0]);
		setsockopt $socket, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 28 or die $!;
		background();
		while (1) { recv $socket, my $bytes, 2048, 0 }
	},
	# tcp-receive PORT: one connection after another, each to its end
	'tcp-receive' => sub {
		my $socket = bound(SOCK_STREAM, $_[0]);
		listen $socket, 1024 or die $!;
		background();
		while (accept my $connection, $socket) {
			while (sysread $connection, my $bytes, 65536) { }
		}
	},
	# udp ADDRESS PORT PACKETS-A-SECOND SECONDS
	'udp' => sub {
		my ($address, $port, $rate, $seconds) = @_;
		socket my $socket, AF_INET, SOCK_DGRAM, 0 or die $!;
		connect $socket, sockaddr_in($port, inet_aton($address)) or die $!;
		my $bytes = 'x' x 100;
		paced($rate, $seconds, sub { send $socket, $bytes, 0 or die $! });
	},
	# connections ADDRESS PORT CONNECTIONS-A-SECOND SECONDS
	'connections' => sub {
		my ($address, $port, $rate, $seconds) = @_;
		my $to = sockaddr_in($port, inet_aton($address));
		paced($rate, $seconds, sub {
			socket my $socket, AF_INET, SOCK_STREAM, 0 or die $!;
			connect $socket, $to or die $!;
			syswrite $socket, 'GET / HTTP/1.0';
			close $socket;
		});
	},
	# stream ADDRESS PORT SECONDS: one connection, as fast as it goes; counts writes of 64 kB
	'stream' => sub {
		my ($address, $port, $seconds) = @_;
		socket my $socket, AF_INET, SOCK_STREAM, 0 or die $!;
		connect $socket, sockaddr_in($port, inet_aton($address)) or die $!;
		my $bytes = 'x' x 65536;
		my ($began, $count) = (now(), 0);
		while (now() - $began < $seconds * 1e9) {
			syswrite $socket, $bytes or die $!;
			$count++;
		}
		told($count, $began);
	},
);
($commands{$command} or die "no command $command")->(@ARGV);

# As many in each tick as are due. A load that cannot keep up sends fewer, and says how many.
sub paced {
	my ($rate, $seconds, $one) = @_;
	my ($began, $count) = (now(), 0);
	while (1) {
		my $elapsed = (now() - $began) / 1e9;
		last if $elapsed >= $seconds;
		my $due = $rate * $elapsed - $count;
		$due = $rate * TICK * 5 if $due > $rate * TICK * 5 and $rate * TICK > 1;
		for (1 .. $due) {
			$one->();
			$count++;
		}
		select undef, undef, undef, TICK;
	}
	told($count, $began);
}

sub told {
	my ($count, $began) = @_;
	printf "%d %d\n", $count, now() - $began;
}

sub now {
	my $time = "\0" x 16;
	syscall SYS_clock_gettime, CLOCK_MONOTONIC, $time;
	my ($seconds, $nanoseconds) = unpack 'qq', $time;
	return $seconds * 1e9 + $nanoseconds;
}

sub bound {
	my ($type, $port) = @_;
	socket my $socket, AF_INET, $type, 0 or die $!;
	setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1 or die $!;
	bind $socket, sockaddr_in($port, INADDR_ANY) or die $!;
	return $socket;
}

sub background {
	exit if fork;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', '/dev/null';
	open STDERR, '>', '/dev/null';
}
