import { KERNEL_NAMES } from '../images/kernels.ts';
import { filtersOn } from './filters.ts';

filtersOn(KERNEL_NAMES);
