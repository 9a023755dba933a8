import { languageOf, type Language } from '@tuneyard/proto/language';
import { en } from './en/index.js';
import { zh } from './zh/index.js';

/** What commands for people with data say, as functions of figures. English is the type of the other languages. */
export type Words = typeof en;

const DICTIONARIES: Readonly<Record<Language, Words>> = { en, zh };

/** The words in the language of this process, see {@link languageOf}; commands for clusters are in English. */
export const words = (): Words => DICTIONARIES[languageOf(process.env)];
