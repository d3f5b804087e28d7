import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AttachOptions } from '../../../../remote-agent/attach/attachment.ts';
import { attachMulti } from '../../../../remote-agent/attach/multi.ts';
import { LibbpfError, type BpfLink, type BpfProgram } from '../../../../remote-agent/native/libbpf.ts';
import { Program } from '../../../../common/layouts.ts';
import type { PlannedFunction } from '../../../../remote-agent/plan/plan.ts';

const KERNEL = 0xffff_ffff_8000_0000n;

function planned(count: number, argument: PlannedFunction['argument'] = 1): PlannedFunction[] {
  return Array.from({ length: count }, (_, index) => ({
    address: KERNEL + BigInt(argument * 0x10000 + index * 16),
    name: `f${argument}_${index}`,
    module: '',
    argument,
    program: Program.Plain + argument,
  }));
}

/** Functions with the first argument's packet that have a program of their own. */
function ofProgram(program: number, address: bigint, count: number): PlannedFunction[] {
  return planned(count).map((each, index) => ({
    ...each,
    address: address + BigInt(index * 16),
    name: `p${program}_${index}`,
    program,
  }));
}

const quietly = (functions: PlannedFunction[]) =>
  functions.map((each) => ({ ...each, quiet: true as const }));

/** A kernel that refuses a group with any of these functions in it. */
class FakeKernel {
  readonly attached = new Map<BpfLink, { program: BpfProgram; addresses: bigint[] }>();
  #next = 1n;

  constructor(readonly refuse: ReadonlySet<bigint>) {}

  attach(program: BpfProgram, addresses: BigUint64Array): BpfLink {
    if (addresses.some((address) => this.refuse.has(address)))
      throw new LibbpfError('attach', 22, 'Invalid argument');
    const link = this.#next++ as BpfLink;
    this.attached.set(link, { program, addresses: [...addresses] });
    return link;
  }

  destroy(link: BpfLink): void {
    assert.ok(this.attached.delete(link), 'a link is destroyed twice');
  }

  get addresses(): bigint[] {
    return [...this.attached.values()].flatMap((link) => link.addresses).sort();
  }
}

function attachTo(kernel: FakeKernel, functions: PlannedFunction[], extra: Partial<AttachOptions> = {}) {
  const program = (index: number) => BigInt(index) as BpfProgram;
  return attachMulti({ functions }, { program, ...extra }, kernel);
}

describe('attachMulti', () => {
  test('one link for each program, with its functions', async () => {
    const kernel = new FakeKernel(new Set());
    const release = ofProgram(Program.HeadState, KERNEL + 0x90000n, 2);
    const functions = [...planned(10, 1), ...planned(5, 3), ...release];
    const attachment = await attachTo(kernel, functions);
    assert.equal(kernel.attached.size, 3);
    for (const { program, addresses } of kernel.attached.values())
      for (const address of addresses)
        assert.equal(BigInt(functions.find((f) => f.address === address)?.program ?? 0), program);
    assert.equal(kernel.addresses.length, 17);
    assert.equal(attachment.functions.length, 17);
    assert.equal(attachment.functions[0]?.address, Number(release[0]?.address ?? 0n) % 2 ** 48);
    assert.deepEqual(attachment.skipped, []);
    await attachment.detach();
    assert.equal(kernel.attached.size, 0);
  });

  test('what was not asked for is attached, and not told of', async () => {
    const kernel = new FakeKernel(new Set());
    const quiet = quietly(ofProgram(Program.Data + Program.Quiet, KERNEL + 0x90000n, 2));
    const attachment = await attachTo(kernel, [...planned(3), ...quiet]);
    assert.equal(kernel.attached.size, 2);
    assert.equal(kernel.addresses.length, 5);
    assert.deepEqual(
      attachment.functions.map(({ name }) => name),
      ['f1_0', 'f1_1', 'f1_2'],
    );
    assert.equal(attachment.lifeCycle, 2);
  });

  test('what was not asked for is not missing where the kernel refuses it', async () => {
    const quiet = quietly(ofProgram(Program.Data + Program.Quiet, KERNEL + 0x90000n, 2));
    const kernel = new FakeKernel(new Set(quiet.slice(1).map(({ address }) => address)));
    const attachment = await attachTo(kernel, [...planned(1), ...quiet]);
    assert.deepEqual([attachment.lifeCycle, attachment.skipped], [1, []]);
  });

  test('beside probes that are there already it may be that none can be', async () => {
    const functions = planned(3);
    const kernel = new FakeKernel(new Set(functions.map(({ address }) => address)));
    const attachment = await attachTo(kernel, functions, { mayBeNone: true });
    assert.deepEqual(attachment.functions, []);
    assert.equal(attachment.skipped[0]?.names.length, 3);
    assert.deepEqual((await attachTo(kernel, [], { mayBeNone: true })).skipped, []);
  });

  test('leaves out exactly the functions that the kernel refuses, and says so', async () => {
    const functions = planned(1000);
    const bad = [functions[0], functions[499], functions[500], functions[999]].filter((f) => f !== undefined);
    const kernel = new FakeKernel(new Set(bad.map(({ address }) => address)));
    const attachment = await attachTo(kernel, functions);
    assert.equal(kernel.addresses.length, 996);
    assert.equal(attachment.functions.length, 996);
    assert.deepEqual(attachment.skipped, [
      { reason: 'refused by the kernel (Invalid argument)', names: ['f1_0', 'f1_499', 'f1_500', 'f1_999'] },
    ]);
  });

  test('gives up on a group when too many are refused, and names them all', async () => {
    const functions = planned(4000);
    const odd = functions.filter((_, index) => index % 2 === 1);
    const kernel = new FakeKernel(new Set(odd.map(({ address }) => address)));
    const attachment = await attachTo(kernel, functions);
    const named = attachment.skipped.flatMap(({ names }) => names).length;
    assert.equal(attachment.functions.length + named, 4000);
    assert.ok(kernel.attached.size <= 200, `${kernel.attached.size} links`);
  });

  test('an error when nothing can be attached', async () => {
    const functions = planned(3);
    const kernel = new FakeKernel(new Set(functions.map(({ address }) => address)));
    await assert.rejects(attachTo(kernel, functions), /refused by the kernel \(Invalid argument\)/);
  });

  test('an error too when only what was not asked for can be attached, which is detached', async () => {
    const asked = planned(3);
    const kernel = new FakeKernel(new Set(asked.map(({ address }) => address)));
    const quiet = quietly(ofProgram(Program.Data + Program.Quiet, KERNEL + 0x90000n, 2));
    await assert.rejects(attachTo(kernel, [...asked, ...quiet]), /refused by the kernel/);
    assert.equal(kernel.attached.size, 0);
  });

  test('cancelling in the middle detaches what was attached', async () => {
    const kernel = new FakeKernel(new Set());
    const cancel = new AbortController();
    const attaching = attachTo(kernel, [...planned(5, 1), ...planned(5, 2)], {
      signal: cancel.signal,
      onProgress: () => {
        cancel.abort();
      },
    });
    await assert.rejects(attaching, { name: 'AbortError' });
    assert.equal(kernel.attached.size, 0);
  });

  test('an address that is there twice is attached once', async () => {
    const kernel = new FakeKernel(new Set());
    const [one] = planned(1);
    assert.ok(one !== undefined);
    const attachment = await attachTo(kernel, [one, { ...one, name: 'alias' }]);
    assert.deepEqual(kernel.addresses, [one.address]);
    assert.equal(attachment.functions.length, 1);
  });
});
