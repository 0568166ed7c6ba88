/**
 * The engine settles how much room objects of a class have when the seventh is made, by looking at what was stored in those before.
 * Where a collection comes when there were six, and none of them is in use any more, it finds nothing and leaves no room at all: every
 * object made later keeps its fields outside of itself, one with sixteen private fields or more in a hash table, for the life of the
 * thread. A gateway that had answered six requests when it gave back the memory of its start needed a third more for each request
 * from then on.
 *
 * So a class with many fields of which each request or connection makes one has its first objects noted, at the end of its constructor:
 * the newest one is held until there were enough.
 */
export class FirstObjects {
  /** Read by nobody: that it is held is all. */
  newest: object | null = null
  #left = 8

  note(object: object): void {
    if (this.#left === 0) return
    this.#left--
    this.newest = this.#left === 0 ? null : object
  }
}
