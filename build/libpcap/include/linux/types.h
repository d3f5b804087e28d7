/* Nothing of <linux/types.h> is needed; libpcap includes it where it is compiled for Linux. */
