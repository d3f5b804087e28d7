/** Which programs and types the fentry-multi backend asks the kernel for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attachFentry,
  NOT_BY_TYPE,
  type FentrySystem,
} from '../../../../remote-agent/attach/fentry-multi.ts';
import { type BpfProgram, LibbpfError } from '../../../../remote-agent/native/libbpf.ts';
import type { PlannedFunction } from '../../../../remote-agent/plan/plan.ts';

const WHOLE = 10;
const FIRST_COPY = 100;
const MODULE_BTF = 50;
const FIRST_LINK = 1000;

/** A kernel that knows the program itself by one descriptor, and remembers what is open. */
function system(refuses: (id: number) => boolean = () => false) {
  const links: { fd: number; program: number; ids: number[] }[] = [];
  const loads: { fd: number; btfFd: number }[] = [];
  const closed: number[] = [];
  let next = FIRST_LINK;
  const fake: FentrySystem = {
    load: (_program, _name, btfFd) => {
      loads.push({ fd: FIRST_COPY + loads.length, btfFd });
      return FIRST_COPY + loads.length - 1;
    },
    attach: (program, ids) => {
      if ([...ids].some(refuses)) throw new LibbpfError('attach', 22, 'Invalid argument');
      links.push({ fd: next, program, ids: [...ids] });
      return next++;
    },
    openModuleBtf: (names) => new Map(names.has('veth') ? [['veth', MODULE_BTF]] : []),
    programFd: () => WHOLE,
    close: (fd) => closed.push(fd),
  };
  return { fake, links, loads, closed };
}

function planned(id: number | undefined, more: Partial<PlannedFunction> = {}): PlannedFunction {
  return {
    address: 0xffff_ffff_8000_0000n + BigInt(id ?? 0) * 16n,
    name: `f${id ?? 'x'}`,
    module: '',
    argument: 1,
    program: 1,
    ...(id !== undefined && { btfId: id }),
    ...more,
  };
}

const options = { program: () => 0n as BpfProgram };

test('functions are spread over copies of their program, neighbours over different ones', async () => {
  const { fake, links, loads, closed } = system();
  const functions = Array.from({ length: 130 }, (_, index) => planned(index + 1));
  const attachment = await attachFentry({ functions }, options, fake);
  assert.equal(attachment.functions.length, 130);
  assert.deepEqual(
    loads.map(({ btfFd }) => btfFd),
    [0, 0],
  );
  assert.deepEqual(
    links.map(({ program }) => program).sort((a, b) => a - b),
    [WHOLE, FIRST_COPY, FIRST_COPY + 1],
  );
  const of = (id: number) => links.find(({ ids }) => ids.includes(id))?.program;
  assert.notEqual(of(1), of(2));
  await attachment.detach();
  assert.deepEqual(
    closed.sort((a, b) => a - b),
    [FIRST_COPY, FIRST_COPY + 1, ...links.map(({ fd }) => fd)],
  );
});

test('functions of a module get a copy that was loaded for its types', async () => {
  const { fake, links, loads, closed } = system();
  const functions = [planned(1), planned(2, { module: 'veth' })];
  await attachFentry({ functions }, options, fake);
  assert.deepEqual(loads, [{ fd: FIRST_COPY, btfFd: MODULE_BTF }]);
  assert.deepEqual(
    links.map(({ program, ids }) => [program, ids]).sort(),
    [
      [WHOLE, [1]],
      [FIRST_COPY, [2]],
    ].sort(),
  );
  assert.deepEqual(closed, [MODULE_BTF]);
});

test('what is refused, and what its type does not tell, is left out with its reason', async () => {
  const { fake } = system((id) => id === 3);
  const functions = [1, 2, 3, 4].map((id) => planned(id));
  const attachment = await attachFentry({ functions: [...functions, planned(undefined)] }, options, fake);
  assert.deepEqual(attachment.functions.map(({ name }) => name).sort(), ['f1', 'f2', 'f4']);
  assert.deepEqual(attachment.skipped, [
    { reason: 'refused by the kernel (Invalid argument)', names: ['f3'] },
    { reason: NOT_BY_TYPE, names: ['fx'] },
  ]);
});

test('where the kernel refuses all, nothing stays open', async () => {
  const { fake, loads, closed } = system(() => true);
  const functions = Array.from({ length: 65 }, (_, index) => planned(index + 1));
  await assert.rejects(attachFentry({ functions }, options, fake), { code: 'attach' });
  assert.deepEqual(
    closed,
    loads.map(({ fd }) => fd),
  );
});
