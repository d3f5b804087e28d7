import { scenariosOn } from './run.ts';

scenariosOn('7.2');
