import type { LinkFacts } from '../../../common/bpf/cbpf.ts';
import { craftedPackets, viewOf } from './packets.ts';
import { randomNumbers } from '../random-numbers.ts';

/** A packet as one side of a filter sees it. */
export interface PacketView {
  link: 'l2' | 'l3';
  /** What was captured. */
  data: Uint8Array;
  /** On the wire. */
  length: number;
  facts: LinkFacts;
}

/** Numbers that filters ask for: protocols, ports, header lengths, limits. */
const TELLING = [0, 1, 4, 5, 6, 15, 17, 20, 22, 44, 47, 50, 53, 58, 64, 80, 0x45, 0x60, 100, 127, 132, 255];

/**
 * The crafted packets for both sides, and from them as many as asked for each side: with some bytes changed, cut
 * off or added, and with a VLAN tag outside. The same ones in every run.
 */
export function variedPackets(count: number, seed: number): PacketView[] {
  const random = randomNumbers(seed);
  const crafted = craftedPackets();
  return (['l2', 'l3'] as const).flatMap((link) => {
    const views = crafted.map((packet): PacketView => {
      const { bytes, length, facts } = viewOf(packet, link);
      return { link, data: bytes, length, facts };
    });
    const varied = Array.from({ length: count - views.length }, (_, index) =>
      vary(views[index % views.length]!, random),
    );
    return [...views, ...varied];
  });
}

function vary({ link, data, length, facts }: PacketView, random: (below: number) => number): PacketView {
  const bytes = [...data];
  for (let changes = random(4); changes > 0 && bytes.length > 0; changes--) {
    const value = random(2) === 0 ? TELLING[random(TELLING.length)]! : random(256);
    bytes[random(Math.min(bytes.length, 80))] = value;
  }
  const kind = random(4);
  if (kind === 0) bytes.length = random(bytes.length + 1);
  if (kind === 1) bytes.push(...Array.from({ length: random(300) }, () => random(256)));
  const missing = random(3) === 0 ? random(2000) : length - data.length;
  const tag =
    random(4) === 0 ? { 'vlan-present': 1, 'vlan-tag': random(2) * 0xe000 + [5, 7, 100][random(3)]! } : {};
  return { link, data: Uint8Array.from(bytes), length: bytes.length + missing, facts: { ...facts, ...tag } };
}
