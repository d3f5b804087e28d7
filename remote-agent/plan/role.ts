import { Program } from '../../common/layouts.ts';
import type { PlannedProbe, Role } from '../../common/protocol.ts';
import type { PlannedFunction } from './policy.ts';

/** Of those that have a quiet form. */
const ROLES = new Map<number, Role>([
  [Program.Tail, 'release'],
  [Program.HeadState, 'release'],
  [Program.Data, 'release'],
  [Program.Final, 'release'],
  [Program.FinalSecond, 'release'],
  [Program.Stolen, 'release'],
  [Program.Partial, 'release'],
  [Program.Reshape, 'reshape'],
  [Program.Copy, 'copy'],
  [Program.Merge, 'merge'],
  [Program.Build, 'build'],
  [Program.Bystander, 'bystander'],
]);

/** What a function with this program means for a packet's life. @param program of enum program, bpf/program.h */
export function roleOf(program: number): Role {
  return ROLES.get(program) ?? ROLES.get(program - Program.Quiet) ?? 'plain';
}

/** A function of a plan, as the editor is told of it. */
export function describePlanned({ name, module, argument, program, quiet }: PlannedFunction): PlannedProbe {
  return { name, module, argument, role: roleOf(program), shown: quiet !== true };
}
