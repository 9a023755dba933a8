/** A longer text is cut: its begin shows what it is. */
const MOST_OF_ONE = 2000;
/** Characters of all texts together; what comes later is named by its place alone. */
const MOST_OF_ALL = 32 * 1024 * 1024;

/** The begins of texts, so that findings can show them. Its memory is bounded whatever the size of the data. */
export class KeptTexts {
  private readonly texts: string[] = [];
  private characters = 0;

  add(text: string): void {
    if (this.characters >= MOST_OF_ALL) return;
    // A slice of a long text would keep all of it.
    const kept = text.length <= MOST_OF_ONE ? text : Array.from(text.slice(0, MOST_OF_ONE)).join('');
    this.characters += kept.length;
    this.texts.push(kept);
  }

  /** '' when it came too late to be kept. */
  get(index: number): string {
    return this.texts[index] ?? '';
  }
}
