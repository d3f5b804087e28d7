# What the shell commands of scenarios are made of. In the environment: N, the scenario's number, which is in its
# addresses, and NS, what the names of its network namespaces begin with. Every process costs an emulated guest much:
# hence batches.
NET=10.$N NET6=fd00:$N:
TOOLS=${0%/*}

# MAC addresses of the devices.
VA=02:00:00:00:00:0a VB=02:00:00:00:00:0b RA=02:00:00:00:00:1a RB=02:00:00:00:00:1b

# Runs a command in a namespace.
a() { ip netns exec ${NS}a "$@"; }
b() { ip netns exec ${NS}b "$@"; }
r() { ip netns exec ${NS}r "$@"; }

# Gives commands on standard input to ip in a namespace.
ip_a() { ip -n ${NS}a -batch -; }
ip_b() { ip -n ${NS}b -batch -; }
ip_r() { ip -n ${NS}r -batch -; }

# Sockets that no small tool has; see there. Those that listen return when they do.
a_sockets() { a perl $TOOLS/sockets.pl "$@"; }
b_sockets() { b perl $TOOLS/sockets.pl "$@"; }

# One datagram, of bash: a_udp ADDRESS PORT
a_udp() { a bash -c "echo hello > /dev/udp/$1/$2"; }

# a, 10.N.0.1 on va -- vb, 10.N.0.2 in b; with an argument another network: pair 172.16.0. Neighbours are known.
pair() {
	ip -batch - << E
		netns add ${NS}a
		netns add ${NS}b
		link add va address $VA netns ${NS}a type veth peer name vb address $VB netns ${NS}b
E
	ip_a << E
		link set lo up
		link set va up
		addr add ${1-$NET.0}.1/24 dev va
		neigh replace ${1-$NET.0}.2 lladdr $VB dev va nud permanent
E
	ip_b << E
		link set lo up
		link set vb up
		addr add ${1-$NET.0}.2/24 dev vb
		neigh replace ${1-$NET.0}.1 lladdr $VA dev vb nud permanent
E
}

# fd00:N::1 on va -- vb, fd00:N::2
pair6() {
	pair
	ip_a << E
		addr add $NET6:1/64 dev va nodad
		neigh replace $NET6:2 lladdr $VB dev va nud permanent
E
	ip_b << E
		addr add $NET6:2/64 dev vb nodad
		neigh replace $NET6:1 lladdr $VA dev vb nud permanent
E
}

# r between a and b, on va -- ra and rb -- vb
between() {
	ip -batch - << E
		netns add ${NS}a
		netns add ${NS}r
		netns add ${NS}b
		link add va address $VA netns ${NS}a type veth peer name ra address $RA netns ${NS}r
		link add rb address $RB netns ${NS}r type veth peer name vb address $VB netns ${NS}b
E
}

# a, 10.N.1.2 -- 10.N.1.1 in r, 10.N.2.1 -- 10.N.2.2 in b; with an argument another network for the second.
router() {
	between
	ip_a << E
		link set va up
		addr add $NET.1.2/24 dev va
		neigh replace $NET.1.1 lladdr $RA dev va nud permanent
		route add default via $NET.1.1
E
	ip_r << E
		link set lo up
		link set ra up
		link set rb up
		addr add $NET.1.1/24 dev ra
		addr add ${1-$NET.2}.1/24 dev rb
		neigh replace $NET.1.2 lladdr $VA dev ra nud permanent
		neigh replace ${1-$NET.2}.2 lladdr $VB dev rb nud permanent
E
	ip_b << E
		link set vb up
		addr add ${1-$NET.2}.2/24 dev vb
		neigh replace ${1-$NET.2}.1 lladdr $RB dev vb nud permanent
		route add default via ${1-$NET.2}.1
E
	r sysctl -qw net.ipv4.ip_forward=1
}

# a and b of one network, 10.N.0.1 and 10.N.0.2, at a bridge in r
bridge() {
	between
	ip_a << E
		link set va up
		addr add $NET.0.1/24 dev va
		neigh replace $NET.0.2 lladdr $VB dev va nud permanent
E
	ip_r << E
		link add bridge type bridge
		link set ra master bridge up
		link set rb master bridge up
		link set bridge up
E
	ip_b << E
		link set vb up
		addr add $NET.0.2/24 dev vb
		neigh replace $NET.0.1 lladdr $VA dev vb nud permanent
E
}

# tunnel TYPE ARGUMENTS…: 10.N.0.1 and .2 on tun, between veth whose addresses, 172.16.0.1 and .2, the filter does not
# match. LOCAL and REMOTE stand for those.
tunnel() {
	pair 172.16.0
	echo "link add tun type $*" | sed 's/LOCAL/172.16.0.1/; s/REMOTE/172.16.0.2/' | ip_a
	echo "link add tun type $*" | sed 's/LOCAL/172.16.0.2/; s/REMOTE/172.16.0.1/' | ip_b
	tunnel_addresses
}

tunnel_addresses() {
	ip_a << E
		addr add $NET.0.1/24 dev tun
		link set tun up
E
	ip_b << E
		addr add $NET.0.2/24 dev tun
		link set tun up
E
}

# For tunnels that carry Ethernet frames.
tunnel_neighbours() {
	ip_a << E
		link set tun address $VA
		neigh replace $NET.0.2 lladdr $VB dev tun nud permanent
E
	ip_b << E
		link set tun address $VB
		neigh replace $NET.0.1 lladdr $VA dev tun nud permanent
E
}
