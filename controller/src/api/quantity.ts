const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/;

/** Powers of ten of the decimal suffixes. */
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
/** Powers of 1024 of the binary suffixes. */
const BINARY: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };

/**
 * A Kubernetes quantity such as 500m, 1.5Gi or 2e3 as a number; undefined when it is none.
 * @param decimals the result counts units of ten to minus so many: 3 for thousandths
 */
export function parseQuantity(text: string | number | undefined, decimals = 0): number | undefined {
  const [, digits, exponent, suffix = ''] = QUANTITY.exec(String(text)) ?? [];
  if (digits === undefined) return undefined;
  const power = Number(exponent?.slice(1) ?? DECIMAL[suffix] ?? 0) + decimals;
  // Read as one decimal number: 0.1 times a power of ten would carry the noise of binary fractions.
  return Number(`${digits}e${power}`) * 1024 ** (BINARY[suffix] ?? 0);
}
