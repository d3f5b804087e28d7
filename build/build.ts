/** `npm run build`: everything the product consists of, into dist/. What is up to date is not built again. */
import { pathToFileURL } from 'node:url';
import { buildBpf } from './bpf.ts';
import { bundle } from './bundle.ts';
import { buildLayouts } from './layouts.ts';
import { buildLibpcap } from './libpcap/libpcap.ts';
import { collectNative } from './packages/native.ts';
import { writeManPage } from './man-page.ts';
import { type DebianPart, writeNotice } from './notice.ts';

/** What build/packages/native.ts and build/libpcap/ take from Debian. */
const SHIPPED_FROM_DEBIAN: DebianPart[] = [
  { suite: 'bookworm-backports', name: 'libbpf1', title: 'libbpf', use: 'loads the probes on the target' },
  { suite: 'bullseye', name: 'libelf1', title: 'libelf', use: "reads the probes' object file for libbpf" },
  { suite: 'bullseye', name: 'zlib1g', title: 'zlib', use: 'needed by libelf' },
  {
    suite: 'bookworm',
    name: 'libpcap',
    source: true,
    title: 'libpcap',
    use: 'compiles filters (as WebAssembly)',
  },
  { suite: 'bookworm', name: 'wasi-libc', title: 'wasi-libc', use: 'C library of the WebAssembly module' },
  { suite: 'bookworm', name: 'netbase', title: 'netbase', use: 'names of services and protocols in filters' },
];

export async function build(): Promise<void> {
  await collectNative();
  await buildLibpcap();
  await buildBpf();
  await buildLayouts();
  const bundled = await bundle();
  await writeManPage();
  await writeNotice([...bundled, 'koffi'], SHIPPED_FROM_DEBIAN); // koffi is shipped as its native library
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await build();
