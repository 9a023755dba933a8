/** Ends a text whose last character is not whole yet. */
const UNFINISHED = /\uFFFD+$/;

/** Turns the ids of an answer into text as they come: a character is written when all its bytes are there. */
export class TextStream {
  private readonly ids: number[] = [];
  private written = '';

  /** @param textOf the text of all ids so far */
  constructor(private readonly textOf: (ids: readonly number[]) => string) {}

  /** @returns what can be written now; space at the end of the answer never is */
  push(id: number): string {
    this.ids.push(id);
    return this.advance(this.textOf(this.ids).replace(UNFINISHED, ''));
  }

  /** @returns what is left when no further id comes */
  end(): string {
    return this.advance(this.textOf(this.ids));
  }

  private advance(text: string): string {
    const whole = text.trim();
    // Some decoders take back a character that they had shown; it comes with the next one.
    if (!whole.startsWith(this.written)) return '';
    const piece = whole.slice(this.written.length);
    this.written = whole;
    return piece;
  }
}
