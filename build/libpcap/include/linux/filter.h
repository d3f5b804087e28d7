/* The ancillary offsets of include/uapi/linux/filter.h that libpcap compiles into filters for Linux. */
#define SKF_AD_OFF (-0x1000)
#define SKF_AD_PKTTYPE 4
#define SKF_AD_IFINDEX 8
#define SKF_AD_VLAN_TAG 44
#define SKF_AD_VLAN_TAG_PRESENT 48
