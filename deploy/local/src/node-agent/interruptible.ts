/** A flag that can be raised once and that ends waits. */
export class Interruptible {
  private raised = false;
  private readonly waiting = new Set<() => void>();

  get interrupted(): boolean {
    return this.raised;
  }

  interrupt(): void {
    this.raised = true;
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  /** Waits; returns false when it was interrupted. */
  async sleep(milliseconds: number): Promise<boolean> {
    if (this.raised) return false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, milliseconds);
      const { waiting } = this;
      function done(): void {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      }
      waiting.add(done);
    });
    return !this.raised;
  }
}
