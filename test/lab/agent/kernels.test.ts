/** The agent on kernels old and new. */
import { kernelsPlayed } from '../kernels-played.ts';
import { agentOn, type OtherKernel } from './other-kernels.ts';

const KERNELS: OtherKernel[] = [
  { kernel: '5.10', backend: 'kprobe', drop: 'kfree_skb', reason: undefined },
  { kernel: '6.1', backend: 'kprobe', drop: 'kfree_skb_reason', reason: 'NETFILTER_DROP' },
  {
    kernel: '7.2',
    backend: 'kprobe-multi',
    onRequest: ['fentry-multi'],
    drop: 'sk_skb_reason_drop',
    reason: 'NETFILTER_DROP',
    fiveLevelPaging: true,
  },
];

for (const kernel of kernelsPlayed(KERNELS)) agentOn(kernel);
