/** `_x000D_`: a character that XML cannot hold, as workbooks write it. */
const ESCAPED = /_x([0-9A-Fa-f]{4})_/g;

/** Puts the text of a string item together: its runs, without the readings that stand above Japanese and Chinese words. */
export class TextCollector {
  private parts: string[] = [];
  private isText = false;
  private readings = 0;

  open(name: string): void {
    if (name === 'rPh') this.readings++;
    this.isText = name === 't';
  }

  text(text: string): void {
    if (this.isText && this.readings === 0) this.parts.push(text);
  }

  close(name: string): void {
    if (name === 'rPh') this.readings--;
    this.isText = false;
  }

  /** The text so far; what follows begins anew. */
  take(): string {
    const text = unescaped(this.parts.join(''));
    this.parts = [];
    return text;
  }
}

export function unescaped(text: string): string {
  return text.includes('_x')
    ? text.replaceAll(ESCAPED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : text;
}
