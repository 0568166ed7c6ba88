/** Listeners of one store. A listener that throws stops neither the others nor the writer. */
export interface Watchers {
  add(listener: (keys: readonly string[]) => void): () => void
  /** Tells every listener, after the current task. */
  tell(keys: readonly string[]): void
  clear(): void
}

export function createWatchers(): Watchers {
  const listeners = new Set<(keys: readonly string[]) => void>()
  return {
    add(listener) {
      // A fresh function each time, so that one listener added twice is two listeners.
      const own = (keys: readonly string[]) => listener(keys)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    tell(keys) {
      if (listeners.size === 0 || keys.length === 0) return
      queueMicrotask(() => {
        for (const listener of [...listeners]) {
          try {
            listener(keys)
          } catch (error) {
            process.emitWarning(error instanceof Error ? error : new Error(String(error)), 'StoreWatcher')
          }
        }
      })
    },
    clear: () => listeners.clear(),
  }
}
