import { scenariosOn } from './run.ts';

scenariosOn('6.1');
