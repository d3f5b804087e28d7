import { scenariosOn } from './run.ts';

scenariosOn('5.10');
