import { packetFiltersOn } from './packet-filters.ts';

/** Emulated, a filter takes seconds: of the corpus only so small a part, and those for the bytes of page fragments. */
const PARTS = 40;

packetFiltersOn(['6.12-arm64'], PARTS);
