/** Listeners of one store. A listener that throws stops neither the others nor the writer. */
export interface Watchers {
  add(listener: (keys: readonly string[]) => void, lookAgain?: () => void): () => void
  /** Tells every listener, after the current task. */
  tell(keys: readonly string[]): void
  /** Tells every listener that anything may have changed, after the current task. */
  tellToLookAgain(): void
  clear(): void
}

interface Watcher {
  readonly listener: (keys: readonly string[]) => void
  readonly lookAgain: () => void
}

export function createWatchers(): Watchers {
  const watchers = new Set<Watcher>()
  const tellAll = (work: (watcher: Watcher) => void): void => {
    if (watchers.size === 0) return
    queueMicrotask(() => {
      for (const watcher of [...watchers]) {
        try {
          work(watcher)
        } catch (error) {
          process.emitWarning(error instanceof Error ? error : new Error(String(error)), 'StoreWatcher')
        }
      }
    })
  }
  return {
    add(listener, lookAgain = () => {}) {
      // A fresh object each time, so that one listener added twice is two listeners.
      const watcher = { listener, lookAgain }
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    tell(keys) {
      if (keys.length > 0) tellAll(watcher => watcher.listener(keys))
    },
    tellToLookAgain: () => tellAll(watcher => watcher.lookAgain()),
    clear: () => watchers.clear(),
  }
}
