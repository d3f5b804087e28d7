import { KERNEL_NAMES } from '../images/kernels.ts';
import { packetFiltersOn } from './packet-filters.ts';

packetFiltersOn(KERNEL_NAMES);
