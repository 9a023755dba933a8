import { textOf } from './text-of.js';
import { isText, Markup, plainText, type Value } from './values.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
};

/** A text with the characters of HTML escaped. */
export function escapedText(text: string): string {
  return text.replace(/[&<>'"]/g, (character) => ENTITIES[character]!);
}

/** A value as HTML: markup is already. */
export function htmlOf(value: Value): string {
  return value instanceof Markup ? value.text : escapedText(textOf(value));
}

/** A change of a text that keeps markup markup. */
export function changedText(value: Value, change: (text: string) => string): Value {
  return value instanceof Markup
    ? new Markup(change(value.text))
    : change(isText(value) ? plainText(value) : textOf(value));
}
