/** The header of a line table (DWARF 5 standard, 6.2.4), versions 2 to 5. */
import { posix } from 'node:path';
import type { ByteReader } from '../byte-reader.ts';
import { LinesError } from '../errors.ts';
import { Attribute } from './abbreviations.ts';
import { readForm } from './forms.ts';
import type { Unit } from './unit.ts';

const DW_LNCT_path = 1;
const DW_LNCT_directory_index = 2;

export interface LineHeader {
  version: number;
  minimumInstruction: number;
  lineBase: number;
  lineRange: number;
  opcodeBase: number;
  /** Operands of the standard opcodes, by opcode. */
  operands: number[];
  /** Paths by the numbers that the table and DW_AT_call_file use. */
  files: string[];
}

interface FileEntry {
  path: string;
  directory: number;
}

/** @param reader behind the length; left where the program begins */
export function readLineHeader(reader: ByteReader, offsetBytes: 4 | 8, unit: Unit): LineHeader {
  const version = reader.u16();
  if (version < 2 || version > 5) throw new LinesError(`a line table of version ${version} is not known.`);
  if (version >= 5) reader.skip(2); // sizes of addresses and of segment numbers
  const headerLength = reader.offset(offsetBytes);
  const program = reader.at + headerLength;
  const minimumInstruction = reader.u8();
  if (version >= 4) reader.skip(1); // operations an instruction: 1 on all processors of interest
  reader.skip(1); // default_is_stmt
  const [lineBase, lineRange, opcodeBase] = [reader.i8(), reader.u8(), reader.u8()];
  const operands = [0];
  for (let opcode = 1; opcode < opcodeBase; opcode++) operands.push(reader.u8());
  const files = version >= 5 ? filesWithForms(reader, offsetBytes, unit) : filesOfOld(reader, unit);
  reader.at = program;
  return { version, minimumInstruction, lineBase, lineRange, opcodeBase, operands, files };
}

function filesWithForms(reader: ByteReader, offsetBytes: 4 | 8, unit: Unit): string[] {
  const directories = readEntries(reader, offsetBytes, unit).map(({ path }) => path);
  // The first is the compilation's; the others may be relative to it.
  const absolute = directories.map((path, index) => (index === 0 ? path : under(directories[0] ?? '', path)));
  return readEntries(reader, offsetBytes, unit).map(({ path, directory }) =>
    under(absolute[directory] ?? '', path),
  );
}

function readEntries(reader: ByteReader, offsetBytes: 4 | 8, unit: Unit): FileEntry[] {
  const format: { content: number; form: number }[] = [];
  for (let count = reader.u8(); count > 0; count--)
    format.push({ content: reader.uleb(), form: reader.uleb() });
  const entries: FileEntry[] = [];
  const count = reader.uleb();
  if (count > reader.data.length) throw new RangeError('more entries than bytes');
  for (let index = 0; index < count; index++) {
    const entry = { path: '', directory: 0 };
    for (const { content, form } of format) {
      const value = readForm(reader, form, { ...unit.header, offsetBytes });
      if (content === DW_LNCT_path) entry.path = unit.text(value) ?? '';
      else if (content === DW_LNCT_directory_index && value.kind === 'constant')
        entry.directory = value.value;
    }
    entries.push(entry);
  }
  return entries;
}

/** Before version 5: directories and files count from 1, directory 0 is the compilation's. */
function filesOfOld(reader: ByteReader, unit: Unit): string[] {
  const compilation = unit.text(unit.root.get(Attribute.compDir)) ?? '';
  const directories = [compilation];
  for (let path = reader.text(); path !== ''; path = reader.text())
    directories.push(under(compilation, path));
  const files = [''];
  for (let path = reader.text(); path !== ''; path = reader.text()) {
    files.push(under(directories[reader.uleb()] ?? '', path));
    reader.uleb(); // modification time
    reader.uleb(); // length
  }
  return files;
}

function under(directory: string, path: string): string {
  return posix.isAbsolute(path) ? posix.normalize(path) : posix.join(directory, path);
}
