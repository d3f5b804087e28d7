/* There are no streams: the scanner reads from memory only, and names stdin and stdout in dead branches. */
#include_next <stdio.h>

#undef stdin
#undef stdout
#undef stderr
#define stdin ((FILE *)0)
#define stdout ((FILE *)0)
#define stderr ((FILE *)0)
