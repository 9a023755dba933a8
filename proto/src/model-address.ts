/** What a hub calls a model, `owner/name`. */
const HUB_NAME = /^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95}$/;
const HUB_PAGE = /^(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\/([\w.-]+\/[\w.-]+)\/?$/;

/** The hub address that somebody probably meant with this; undefined where it looks like none. */
export function probableHubAddress(given: string): string | undefined {
  const page = HUB_PAGE.exec(given)?.[1];
  if (page !== undefined) return `hf://${page}`;
  return HUB_NAME.test(given) ? `hf://${given}` : undefined;
}

/** Why a model or adapter that was given as a folder cannot be used, and what was probably meant. */
export function missingModelFolder(given: string, what: 'model' | 'adapter' = 'model'): string {
  const meant = probableHubAddress(given);
  return meant === undefined
    ? `there is no folder ${given}; give the folder of the ${what}, or an address such as hf://owner/name`
    : `there is no folder ${given}; did you mean ${meant}?`;
}
