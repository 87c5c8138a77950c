// Which of the series' colours a run has: once given, the run keeps it in every view and over reloads of this browser.

const KEPT = 2000;

export class RunSlots {
  private readonly store: string;
  private readonly slots: Map<string, number>;

  constructor(instance: string) {
    this.store = `stet.slots.${instance}`;
    let pairs: [string, number][] = [];
    try {
      pairs = JSON.parse(localStorage.getItem(this.store) ?? "[]") as [string, number][];
    } catch {
      // Kept by nobody, then.
    }
    this.slots = new Map(pairs);
  }

  /** Gives each of the shown runs a slot that no other of them has; those that have one keep it. */
  give(shown: string[]): void {
    const taken = new Set<number>();
    const without: string[] = [];
    for (const id of shown) {
      const slot = this.slots.get(id);
      if (slot === undefined || taken.has(slot)) without.push(id);
      else taken.add(slot);
    }
    let next = 0;
    for (const id of without) {
      while (taken.has(next)) ++next;
      taken.add(next);
      this.slots.delete(id);
      this.slots.set(id, next);
    }
    if (without.length) this.save();
  }

  of(id: string): number {
    return this.slots.get(id) ?? 0;
  }

  set(id: string, slot: number): void {
    this.slots.set(id, slot);
    this.save();
  }

  private save(): void {
    try {
      localStorage.setItem(this.store, JSON.stringify([...this.slots].slice(-KEPT)));
    } catch {
      // A browser that keeps nothing shows the same colours until the page is closed.
    }
  }
}
