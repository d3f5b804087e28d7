/** The demo's packet: the scenario of the slides that introduced pwru. */
export const DEMO = {
  filter: 'dst host 1.1.1.1 and tcp and dst port 80',
  setup: 'iptables -t filter -I OUTPUT 1 -m tcp --proto tcp --dst 1.1.1.1/32 -j DROP',
  traffic: 'curl --silent --max-time 2 1.1.1.1',
  dropReason: 'NETFILTER_DROP',
  /** The function whose source the demo opens: where netfilter's verdict is carried out. */
  open: 'nf_hook_slow',
} as const;

/** How the demo's guest is called in the ssh configuration that the workbench sees. */
export const DEMO_HOST = 'lab-debian-13';
