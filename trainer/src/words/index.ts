import { languageOf, type Language } from '@tuneyard/proto/language';
import { en } from './en/index.js';
import { zh } from './zh/index.js';

/** Every sentence that a person reads, as functions of its figures. English is the type of the other languages. */
export type Words = typeof en;

const DICTIONARIES: Readonly<Record<Language, Words>> = { en, zh };

/** The words in the language of this process, see {@link languageOf}. Log lines and names of fields stay English. */
export const words = (): Words => DICTIONARIES[languageOf(process.env)];
