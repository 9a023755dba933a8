import { exponentTextOf, scaledInteger } from './numbers.js';
import { unsupported } from './template-error.js';

export type FloatForm = 'e' | 'f' | 'g';

/** More digits than any number has a use for. */
const MAX_DIGITS = 1000;

/** @throws TemplateError when a width or precision is beyond every use */
export function checkedWidth(width: number): number {
  if (!(width <= MAX_DIGITS)) throw unsupported(`a field of more than ${MAX_DIGITS} characters`);
  return width;
}

/**
 * The digits of a float that is not negative, as C's printf writes them.
 * @param keepsZeros `g` writes all digits of the precision
 */
export function floatDigits(value: number, form: FloatForm, precision: number, keepsZeros: boolean): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return 'inf';
  checkedWidth(precision);
  if (form === 'f') return withPoint(scaledInteger(value, precision).toString(), precision);
  const places = form === 'e' ? precision : Math.max(precision, 1) - 1;
  const [digits, exponent] = significant(value, places);
  if (form === 'e') return `${withPoint(digits, places)}e${exponentTextOf(exponent)}`;
  const isFixed = exponent >= -4 && exponent <= places;
  const fraction = isFixed ? places - exponent : places;
  const text = isFixed ? withPoint(digits, fraction) : withPoint(digits, places);
  const short = keepsZeros || !text.includes('.') ? text : text.replace(/\.?0+$/, '');
  return isFixed ? short : `${short}e${exponentTextOf(exponent)}`;
}

/** The first digits, rounded half to even, and the power of ten of the first one. */
function significant(value: number, places: number): [digits: string, exponent: number] {
  if (value === 0) return ['0'.repeat(places + 1), 0];
  const exponent = Number(value.toExponential().split('e')[1]);
  const digits = scaledInteger(value, places - exponent).toString();
  return digits.length > places + 1 ? [digits.slice(0, places + 1), exponent + 1] : [digits, exponent];
}

function withPoint(digits: string, places: number): string {
  if (places === 0) return digits;
  const padded = digits.padStart(places + 1, '0');
  return `${padded.slice(0, -places)}.${padded.slice(-places)}`;
}
