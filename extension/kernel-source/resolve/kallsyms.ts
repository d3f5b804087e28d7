/** Symbols to each side whose files say where a function is. */
export const REACH = 6;

const FUNCTION_TYPES = 'tTwW';

/** The functions of a target by address, from the text of its `/proc/kallsyms`. */
export class Kallsyms {
  /** Names in the order of their addresses, by module. */
  private readonly byModule = new Map<string, { names: string[]; addresses: bigint[] }>();
  private readonly positions = new Map<string, number[]>();

  constructor(kallsyms: string) {
    const symbols = new Map<string, { name: string; address: bigint }[]>();
    for (const line of kallsyms.split('\n')) {
      const [address, type = '', name, module] = line.split(/[ \t]+/);
      if (address === undefined || name === undefined || !FUNCTION_TYPES.includes(type)) continue;
      const key = module?.slice(1, -1) ?? 'vmlinux';
      const list = symbols.get(key);
      const symbol = { name, address: BigInt(`0x${address}`) };
      if (list === undefined) symbols.set(key, [symbol]);
      else list.push(symbol);
    }
    for (const [module, list] of symbols) {
      // Without privileges all addresses read 0; the order of the file is then the next best.
      list.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
      this.byModule.set(module, {
        names: list.map(({ name }) => name),
        addresses: list.map(({ address }) => address),
      });
      list.forEach(({ name }, at) => {
        const key = `${module}:${name}`;
        this.positions.set(key, [...(this.positions.get(key) ?? []), at]);
      });
    }
  }

  /**
   * Names before and after a function; none when it is not there, or is there twice and the address is not known.
   * @param name the symbol as kallsyms has it, with suffixes
   */
  around(name: string, module: string, address?: bigint): string[] {
    const key = module === '' ? 'vmlinux' : module;
    const symbols = this.byModule.get(key);
    const places = this.positions.get(`${key}:${name}`) ?? [];
    const wanted = address === undefined ? places : places.filter((at) => symbols?.addresses[at] === address);
    const [at] = wanted;
    if (symbols === undefined || at === undefined || wanted.length > 1) return [];
    const near = symbols.names.slice(Math.max(0, at - REACH), at + REACH + 1);
    return near.filter((other) => other !== name);
  }
}
