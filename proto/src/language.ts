/** Languages that a person may be spoken to in. */
export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Set by `--lang`, and passed on to every process that a command starts. */
export const LANGUAGE_VARIABLE = 'TUNEYARD_LANG';

export const isLanguage = (text: string): text is Language => (LANGUAGES as readonly string[]).includes(text);

/**
 * The language that the environment asks for: `TUNEYARD_LANG` (`en`, `zh`), otherwise the first of LC_ALL, LC_MESSAGES
 * and LANG that is set, as POSIX orders them: Chinese for `zh`, `zh_CN.UTF-8` and the like, English for all others.
 */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const asked = env[LANGUAGE_VARIABLE];
  if (asked !== undefined && isLanguage(asked)) return asked;
  const locale = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find((value) => value);
  return /^zh([._@-]|$)/i.test(locale ?? '') ? 'zh' : 'en';
}
