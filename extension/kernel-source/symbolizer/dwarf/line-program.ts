/** The state machine that makes the rows of a line table (DWARF 5 standard, 6.2.2 and 6.2.5). */
import type { ByteReader } from '../byte-reader.ts';
import type { LineHeader } from './line-header.ts';

/** Rows of code without gaps, by rising address. */
export interface Sequence {
  low: number;
  high: number;
  addresses: number[];
  files: number[];
  lines: number[];
}

const Standard = {
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  constAddPc: 8,
  fixedAdvancePc: 9,
} as const;

const Extended = { endSequence: 1, setAddress: 2 } as const;

export function runLineProgram(reader: ByteReader, header: LineHeader, addressBytes: number): Sequence[] {
  const sequences: Sequence[] = [];
  let rows = emptySequence();
  let [address, file, line] = [0, 1, 1];

  const addRow = () => {
    rows.addresses.push(address);
    rows.files.push(file);
    rows.lines.push(line);
  };
  const special = (opcode: number) => {
    address += Math.floor((opcode - header.opcodeBase) / header.lineRange) * header.minimumInstruction;
  };
  const extended = () => {
    const length = reader.uleb();
    const next = reader.at + length;
    const opcode = reader.u8();
    if (opcode === Extended.setAddress) address = reader.address(Math.min(length - 1, addressBytes));
    else if (opcode === Extended.endSequence) {
      rows.low = rows.addresses[0] ?? address;
      rows.high = address;
      if (rows.high > rows.low) sequences.push(rows);
      rows = emptySequence();
      [address, file, line] = [0, 1, 1];
    }
    reader.at = next;
  };

  while (reader.at < reader.data.length) {
    const opcode = reader.u8();
    if (opcode >= header.opcodeBase) {
      special(opcode);
      line += header.lineBase + ((opcode - header.opcodeBase) % header.lineRange);
      addRow();
      continue;
    }
    switch (opcode) {
      case 0:
        extended();
        break;
      case Standard.copy:
        addRow();
        break;
      case Standard.advancePc:
        address += reader.uleb() * header.minimumInstruction;
        break;
      case Standard.advanceLine:
        line += reader.sleb();
        break;
      case Standard.setFile:
        file = reader.uleb();
        break;
      case Standard.constAddPc:
        special(255);
        break;
      case Standard.fixedAdvancePc:
        address += reader.u16();
        break;
      default: // columns, statement and block marks, and what later versions may add
        for (let operand = header.operands[opcode] ?? 0; operand > 0; operand--) reader.skipLeb();
    }
  }
  return sequences;
}

function emptySequence(): Sequence {
  return { low: 0, high: 0, addresses: [], files: [], lines: [] };
}
