/**
 * Suffixes that GCC and Clang add to copies of a function that they changed (interprocedural optimisation,
 * cold paths, link-time optimisation); the source has the name without them.
 */
const COMPILER_SUFFIX = /\.(?:isra|constprop|part|cold|llvm|lto_priv|localalias)(?:\.\d+)*$/;

/** Symbols of the bytes before a function (CONFIG_CALL_PADDING, kCFI). */
const PADDING = /^(?:__pfx_|__cfi_)(?=\w)/;

/** `nf_hook_slow+0x1b/0xc0 [module]` or `foo.isra.0` → the name that the source has. */
export function sourceName(symbol: string): string {
  let name = symbol
    .trim()
    .replace(/\+0x[\da-f]+.*$/i, '')
    .replace(PADDING, '');
  for (let shorter = name.replace(COMPILER_SUFFIX, ''); shorter !== name;) {
    name = shorter;
    shorter = name.replace(COMPILER_SUFFIX, '');
  }
  return name;
}

/** Whether the text can be the name of a C function. */
export function isFunctionName(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text);
}
