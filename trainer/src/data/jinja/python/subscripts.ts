import { characterAt, charactersOf, lengthOfText } from './code-points.js';
import { Dict } from './dict.js';
import { integerOf } from './numbers.js';
import { TemplateError, typeError, valueError } from './template-error.js';
import { typeName } from './type-names.js';
import { isList, isText, Markup, plainText, Range, Tuple, Undefined, type Value } from './values.js';

/** Python's `value[key]`; undefined when there is no such item, or none at all. */
export function itemAt(value: Value, key: Value): Value | undefined {
  if (value instanceof Undefined) return value.fail();
  if (value instanceof Dict) return itemOfDict(value, key);
  const index = integerOf(key);
  if (index === undefined) return undefined;
  const at = Number(index);
  if (typeof value === 'string') return characterAt(value, at);
  if (value instanceof Markup) {
    const character = characterAt(value.text, at);
    return character === undefined ? undefined : new Markup(character);
  }
  if (isList(value)) return value.at(at);
  if (value instanceof Tuple) return value.items.at(at);
  if (value instanceof Range) {
    const place = at < 0 ? at + value.length : at;
    return place >= 0 && place < value.length ? value.at(place) : undefined;
  }
  return undefined;
}

/** jinja2 takes a value that cannot be a key for a key that is not there. */
function itemOfDict(dict: Dict, key: Value): Value | undefined {
  try {
    return dict.get(key);
  } catch (error) {
    if (error instanceof TemplateError && error.kind === 'TypeError') return undefined;
    throw error;
  }
}

export interface Slice {
  readonly start: Value;
  readonly stop: Value;
  readonly step: Value;
}

/** Python's `value[start:stop:step]`. */
export function sliced(value: Value, slice: Slice): Value {
  if (isText(value)) {
    const text = plainText(value);
    const places = placesOf(slice, lengthOfText(text));
    const characters = charactersOf(text);
    const result = places.map((place) => characters[place]!).join('');
    return typeof value === 'string' ? result : new Markup(result);
  }
  if (isList(value)) return placesOf(slice, value.length).map((place) => value[place]!);
  if (value instanceof Tuple)
    return new Tuple(placesOf(slice, value.items.length).map((place) => value.items[place]!));
  if (value instanceof Range) {
    const [start, stop, step] = boundsOf(slice, value.length);
    const at = (place: number) => value.start + BigInt(place) * value.step;
    return new Range(at(start), at(stop), BigInt(step) * value.step);
  }
  if (value instanceof Undefined) return value.fail();
  if (value instanceof Dict) throw typeError("unhashable type: 'slice'");
  throw typeError(`'${typeName(value)}' object is not subscriptable`);
}

function placesOf(slice: Slice, length: number): number[] {
  const [start, stop, step] = boundsOf(slice, length);
  const places: number[] = [];
  for (let place = start; step > 0 ? place < stop : place > stop; place += step) places.push(place);
  return places;
}

/** Python's `slice.indices`. */
function boundsOf(slice: Slice, length: number): [start: number, stop: number, step: number] {
  const step = boundOf(slice.step) ?? 1;
  if (step === 0) throw valueError('slice step cannot be zero');
  const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
  const bound = (value: Value, fallback: number) => {
    const given = boundOf(value);
    if (given === undefined) return fallback;
    return Math.min(Math.max(given < 0 ? given + length : given, lowest), highest);
  };
  return [
    bound(slice.start, step > 0 ? lowest : highest),
    bound(slice.stop, step > 0 ? highest : lowest),
    step,
  ];
}

function boundOf(value: Value): number | undefined {
  if (value === null) return undefined;
  const integer = integerOf(value);
  if (integer === undefined)
    throw typeError('slice indices must be integers or None or have an __index__ method');
  return Number(integer);
}
