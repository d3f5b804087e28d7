/** Why a file gives no lines: a sentence for the user, who is then shown the function's definition instead. */
export class LinesError extends Error {
  override readonly name = 'LinesError';

  constructor(
    message: string,
    /** There is no debug information for that kernel at all, as on most machines. */
    readonly isMissing = false,
  ) {
    super(message);
  }
}

/** Whether an error says that a file is not one that we read: damaged ones make reads go out of range. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof LinesError || error instanceof RangeError;
}
