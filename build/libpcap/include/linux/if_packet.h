/* The value of include/uapi/linux/if_packet.h that libpcap compiles into `inbound` and `outbound`. */
#define PACKET_OUTGOING 4
