import { EventExtra, PacketLimit } from '../../common/layouts.ts';
import type { Extras, StartRequest } from '../../common/protocol.ts';
import type { TraceConfig } from './trace-config.ts';

const OPTIONS: readonly (readonly [extra: number, name: string])[] = [
  [EventExtra.Caller, '--output-caller'],
  [EventExtra.Stack, '--output-stack'],
  [EventExtra.Packet, '--output-bytes'],
  [EventExtra.Skb, '--output-skb'],
  [EventExtra.SharedInfo, '--output-skb-shared-info'],
  [EventExtra.Cb, '--output-skb-cb'],
  [EventExtra.Tunnel, '--output-tunnel'],
  [EventExtra.Metadata, '--output-skb-metadata or --output-xdp-metadata'],
];

/** The options that asked for these, as a user writes them. */
export function extrasOptions(extras: number): string[] {
  return OPTIONS.filter(([extra]) => (extras & extra) !== 0).map(([, name]) => name);
}

/** What a trace asks events to tell besides, as the programs understand it (enum event_extra of bpf/events/event.h). */
export function encodeExtras(
  wanted: Extras,
): Pick<TraceConfig, 'extras' | 'packetBytes' | 'skbMetadata' | 'xdpMetadata'> {
  const { packetBytes = 0 } = wanted;
  const [skbMetadata, xdpMetadata] = [wanted.skbMetadata?.length ?? 0, wanted.xdpMetadata?.length ?? 0];
  let extras: number = packetBytes > 0 ? EventExtra.Packet : 0;
  if (wanted.caller === true) extras |= EventExtra.Caller;
  if (wanted.stack === true) extras |= EventExtra.Stack;
  if (wanted.skb === true) extras |= EventExtra.Skb;
  if (wanted.sharedInfo === true) extras |= EventExtra.SharedInfo;
  if (wanted.cb === true) extras |= EventExtra.Cb;
  if (wanted.tunnel === true) extras |= EventExtra.Tunnel;
  if (skbMetadata + xdpMetadata > 0) extras |= EventExtra.Metadata;
  return { extras, skbMetadata, xdpMetadata, packetBytes: Math.min(packetBytes, PacketLimit.PacketBytes) };
}

/** The options of a trace that need the registers of a hit, as a user writes them. */
export function optionsOfRegisters(
  request: Extras & Pick<StartRequest, 'bystanders' | 'calledFunctions'>,
): string[] {
  const extras = encodeExtras(request).extras & (EventExtra.Caller | EventExtra.Stack);
  const bystanders = (request.bystanders?.length ?? 0) > 0;
  return [
    ...extrasOptions(extras),
    ...(bystanders ? ['--filter-non-skb-funcs'] : []),
    ...(request.calledFunctions === true ? ['--filter-track-bpf-helpers'] : []),
  ];
}
