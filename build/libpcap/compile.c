/* The module's exports: one filter compiled for one link type. The host makes the instance new again for each (extension/filter/libpcap/module.ts). */
#include <config.h>
#include <pcap-int.h>

#define EXPORT(name) __attribute__((export_name(#name)))

/* What tcpdump and pwru use (MAXIMUM_SNAPLEN of tcpdump's netdissect.h). */
#define SNAPLEN 262144

static pcap_t *handle;
static struct bpf_program program;

/*
 * Returns 0 or, with error() set, another value; gives up (see setjmp.h) also with error() set.
 * vlan_outside: as for a live capture on Linux, whose kernel may hold a VLAN tag outside of the packet.
 */
EXPORT(compile) int
kpt_compile(int linktype, const char *text, int optimize, int vlan_outside)
{
	handle = pcap_open_dead(linktype, SNAPLEN);
	if (vlan_outside)
		handle->bpf_codegen_flags |= BPF_SPECIAL_VLAN_HANDLING;
	return pcap_compile(handle, &program, text, optimize, PCAP_NETMASK_UNKNOWN);
}

EXPORT(instruction_count) unsigned
kpt_instruction_count(void)
{
	return program.bf_len;
}

/* struct bpf_insn: u16 code, u8 jt, u8 jf, u32 k, little-endian. */
EXPORT(instructions) const struct bpf_insn *
kpt_instructions(void)
{
	return program.bf_insns;
}

EXPORT(error) const char *
kpt_error(void)
{
	return pcap_geterr(handle);
}

EXPORT(version) const char *
kpt_version(void)
{
	return PCAP_VERSION_STRING;
}
