const patterns = new Map<string, RegExp>();

/**
 * A schema pattern as a RegExp, remembered. Go's syntax allows escapes that JavaScript's unicode mode refuses, so the
 * plain mode is the second try. Throws SyntaxError when neither takes it.
 */
export function compilePattern(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known) return known;
  let regexp: RegExp;
  try {
    regexp = new RegExp(pattern, 'u');
  } catch {
    regexp = new RegExp(pattern);
  }
  patterns.set(pattern, regexp);
  return regexp;
}
