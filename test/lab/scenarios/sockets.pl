# Sockets with options that no tool of the lab's userland sets. What listens does so before this returns, and goes on
# in the background.
use strict;
use warnings;
use Socket;

use constant {
	SO_ZEROCOPY => 60, MSG_ZEROCOPY => 0x4000000, SO_TIMESTAMPING => 37, IPPROTO_IP => 0, IP_RECVERR => 11,
	IP_ADD_MEMBERSHIP => 35, UDP_SEGMENT => 103,
	SOL_UDP => 17, SOCK_NONBLOCK => 2048, MSG_ERRQUEUE => 0x2000, AF_PACKET => 17, ETH_P_ALL => 3, ETH_P_IP => 0x0800, IPPROTO_SCTP => 132,
	# SOF_TIMESTAMPING_TX_SOFTWARE and _SOFTWARE: with the packet, not OPT_TSONLY
	TIMESTAMP_SENT => 1 << 1 | 1 << 4,
};

my $command = shift;
my %commands = (
	# udp-listen ADDRESS PORT
	'udp-listen' => sub { receive(bound(SOCK_DGRAM, 0, @_)) },
	# Its queue takes a packet or two.
	'udp-full' => sub {
		my $socket = bound(SOCK_DGRAM, 0, @_);
		setsockopt $socket, SOL_SOCKET, SO_RCVBUF, 1 or die $!;
		background();
		sleep;
	},
	# multicast-listen GROUP PORT ADDRESS: two sockets
	'multicast-listen' => sub {
		my ($group, $port, $address) = @_;
		my @sockets = map {
			my $socket = bound(SOCK_DGRAM, 0, $group, $port);
			setsockopt $socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, inet_aton($group) . inet_aton($address) or die $!;
			$socket;
		} 1 .. 2;
		background();
		receiving($sockets[fork ? 0 : 1]);
	},
	'tcp-listen' => sub { accepting(bound(SOCK_STREAM, 0, @_)) },
	# Nobody takes its connections, and one is all that waits.
	'tcp-full' => sub {
		my $socket = bound(SOCK_STREAM, 0, @_);
		listen $socket, 0 or die $!;
		background();
		sleep;
	},
	'sctp-listen' => sub { accepting(bound(SOCK_STREAM, IPPROTO_SCTP, @_)) },
	# raw-listen PROTOCOL
	'raw-listen' => sub {
		socket my $socket, AF_INET, SOCK_RAW, $_[0] or die $!;
		receive($socket);
	},
	# A tap that reads packet by packet; tcpdump maps a ring.
	'tap' => sub {
		socket my $socket, AF_PACKET, SOCK_RAW, unpack 'S', pack 'n', ETH_P_ALL or die $!;
		bind $socket, link_address($_[0], ETH_P_ALL, '') or die $!;
		receive($socket);
	},
	# tcp-send ADDRESS PORT BYTES [zerocopy]
	'tcp-send' => sub { stream(connected(SOCK_STREAM, 0, @_[0, 1]), @_[2, 3]) },
	# tcp-syn ADDRESS PORT: does not wait for an answer
	'tcp-syn' => sub {
		socket my $socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0 or die $!;
		connect $socket, sockaddr_in($_[1], inet_aton($_[0]));
		select undef, undef, undef, 0.3;
	},
	'sctp-send' => sub { stream(connected(SOCK_STREAM, IPPROTO_SCTP, @_[0, 1]), $_[2]) },
	# raw-send ADDRESS PROTOCOL
	'raw-send' => sub {
		socket my $socket, AF_INET, SOCK_RAW, $_[1] or die $!;
		send $socket, 'hello', 0, sockaddr_in(0, inet_aton($_[0])) or die $!;
	},
	# udp-send ADDRESS PORT COUNT
	'udp-send' => sub {
		my $socket = connected(SOCK_DGRAM, 0, @_[0, 1]);
		send $socket, "hello $_", 0 for 1 .. $_[2];
	},
	# udp-from PREFIX COUNT ADDRESS PORT: one datagram from each address, 1 to COUNT behind the prefix
	'udp-from' => sub {
		my ($prefix, $count, $address, $port) = @_;
		for (1 .. $count) {
			my $socket = bound(SOCK_DGRAM, 0, "$prefix$_", 0);
			send $socket, 'hello', 0, sockaddr_in($port, inet_aton($address)) or die $!;
			select undef, undef, undef, 0.02;
		}
	},
	# udp-gso ADDRESS PORT SIZE COUNT: datagrams of a size as one packet
	'udp-gso' => sub {
		my ($address, $port, $size, $count) = @_;
		my $socket = connected(SOCK_DGRAM, 0, $address, $port);
		setsockopt $socket, SOL_UDP, UDP_SEGMENT, 0 + $size or die $!;
		send $socket, 'x' x ($size * $count), 0 or die $!;
	},
	# udp-zerocopy ADDRESS PORT BYTES
	'udp-zerocopy' => sub {
		my $socket = connected(SOCK_DGRAM, 0, @_[0, 1]);
		setsockopt $socket, SOL_SOCKET, SO_ZEROCOPY, 1 or die $!;
		my $bytes = 'x' x $_[2];
		send $socket, $bytes, MSG_ZEROCOPY or die $!;
		told($socket);
	},
	# udp-recverr ADDRESS PORT: waits for the ICMP error
	'udp-recverr' => sub {
		my $socket = connected(SOCK_DGRAM, 0, @_[0, 1]);
		setsockopt $socket, IPPROTO_IP, IP_RECVERR, 1 or die $!;
		send $socket, 'hello', 0 or die $!;
		told($socket);
	},
	# udp-timestamp ADDRESS PORT: waits for the time it was sent
	'udp-timestamp' => sub {
		my $socket = connected(SOCK_DGRAM, 0, @_[0, 1]);
		setsockopt $socket, SOL_SOCKET, SO_TIMESTAMPING, TIMESTAMP_SENT or die $!;
		send $socket, 'hello', 0 or die $!;
		told($socket);
	},
	# packet DEVICE DESTINATION-MAC SOURCE DESTINATION: an echo request without checksum, from a packet socket
	'packet' => sub {
		my ($device, $mac, $source, $destination) = @_;
		socket my $socket, AF_PACKET, SOCK_DGRAM, 0 or die $!; # receives nothing
		my $ip = pack 'CCnnnCCna4a4', 0x45, 0, 28, 1, 0, 64, 1, 0, inet_aton($source), inet_aton($destination);
		substr $ip, 10, 2, pack 'n', checksum($ip);
		my $icmp = pack 'CCnnn', 8, 0, 0, 7, 1;
		substr $icmp, 2, 2, pack 'n', checksum($icmp);
		my $to = link_address($device, ETH_P_IP, pack 'H*', $mac =~ s/://gr);
		send $socket, $ip . $icmp, 0, $to or die $!;
	},
);
($commands{$command} or die "no command $command")->(@ARGV);

sub bound {
	my ($type, $protocol, $address, $port) = @_;
	socket my $socket, AF_INET, $type, $protocol or die $!;
	setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1 or die $!;
	bind $socket, sockaddr_in($port, inet_aton($address)) or die $!;
	return $socket;
}

sub connected {
	my ($type, $protocol, $address, $port) = @_;
	socket my $socket, AF_INET, $type, $protocol or die $!;
	connect $socket, sockaddr_in($port, inet_aton($address)) or die $!;
	return $socket;
}

sub background {
	exit if fork;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', '/dev/null';
	open STDERR, '>', '/dev/null';
}

sub receive {
	my ($socket) = @_;
	background();
	receiving($socket);
}

sub receiving {
	my ($socket) = @_;
	while (1) { recv $socket, my $bytes, 65536, 0 }
}

sub accepting {
	my ($socket) = @_;
	listen $socket, 8 or die $!;
	background();
	while (accept my $connection, $socket) {
		while (sysread $connection, my $bytes, 65536) { }
	}
}

sub stream {
	my ($socket, $count, $zerocopy) = @_;
	my $bytes = 'x' x $count;
	setsockopt $socket, SOL_SOCKET, SO_ZEROCOPY, 1 or die $! if $zerocopy;
	while ($count > 0) { $count -= send($socket, substr($bytes, 0, $count), $zerocopy ? MSG_ZEROCOPY : 0) // die $! }
	told($socket) if $zerocopy;
}

# Takes one packet off the error queue.
sub told {
	my ($socket) = @_;
	for (1 .. 100) {
		return if defined recv $socket, my $bytes, 65536, MSG_ERRQUEUE;
		select undef, undef, undef, 0.05;
	}
	die 'nothing on the error queue';
}

sub link_address {
	my ($device, $protocol, $mac) = @_;
	open my $file, '<', "/sys/class/net/$device/ifindex" or die $!;
	# struct sockaddr_ll
	return pack 'SnlSCCa8', AF_PACKET, $protocol, scalar <$file>, 0, 0, length $mac, $mac;
}

sub checksum {
	my $sum = unpack '%32n*', $_[0];
	$sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
	return ~$sum & 0xffff;
}
