import type { Language } from './language.js';

/** What a hub calls a model, `owner/name`. */
const HUB_NAME = /^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95}$/;
const HUB_PAGE = /^(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\/([\w.-]+\/[\w.-]+)\/?$/;

/** The hub address that somebody probably meant with this; undefined where it looks like none. */
export function probableHubAddress(given: string): string | undefined {
  const page = HUB_PAGE.exec(given)?.[1];
  if (page !== undefined) return `hf://${page}`;
  return HUB_NAME.test(given) ? `hf://${given}` : undefined;
}

/** What a folder was given as. */
export type ModelPart = 'model' | 'adapter';

interface Sentences {
  readonly missing: (given: string, part: ModelPart) => string;
  readonly meant: (given: string, address: string) => string;
  readonly page: (given: string, address: string) => string;
  readonly file: (given: string, folder: string) => string;
}

/** Both packages refuse a model in these words. */
const SENTENCES: Readonly<Record<Language, Sentences>> = {
  en: {
    missing: (given, part) =>
      `there is no folder ${given}; give the folder of the ${part}, or an address such as hf://owner/name`,
    meant: (given, address) => `there is no folder ${given}; did you mean ${address}?`,
    page: (given, address) => `${given} is a web page; did you mean ${address}?`,
    file: (given, folder) => `${given} is a file; give the folder that holds it, ${folder}`,
  },
  zh: {
    missing: (given, part) =>
      `文件夹 ${given} 不存在；请给出${part === 'model' ? '模型' : '适配器'}所在的文件夹，或 hf://owner/name 这样的地址`,
    meant: (given, address) => `文件夹 ${given} 不存在；您是指 ${address} 吗？`,
    page: (given, address) => `${given} 是网页；您是指 ${address} 吗？`,
    file: (given, folder) => `${given} 是文件；请给出它所在的文件夹 ${folder}`,
  },
};

/** Why a model or adapter that was given as a folder cannot be used, and what was probably meant. */
export function missingModelFolder(given: string, part: ModelPart, language: Language): string {
  const meant = probableHubAddress(given);
  const said = SENTENCES[language];
  return meant === undefined ? said.missing(given, part) : said.meant(given, meant);
}

/** Why the page of a model on the hub is no address of it; undefined for any other address. */
export function hubPageProblem(given: string, language: Language): string | undefined {
  const meant = /^https?:\/\//.test(given) ? probableHubAddress(given) : undefined;
  return meant === undefined ? undefined : SENTENCES[language].page(given, meant);
}

/** Why a file is no model. @param folder that holds it */
export function modelFileProblem(given: string, folder: string, language: Language): string {
  return SENTENCES[language].file(given, folder);
}
