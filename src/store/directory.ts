/** Directories that outlive a loss of power: an entry made in a directory is safe once that directory was flushed. */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Makes the directory, readable by its owner alone, and its parents where they are missing. */
export function makeDirectory(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  const top = resolve(first)
  for (let made = resolve(path); ; made = dirname(made)) {
    flushDirectory(dirname(made))
    if (made === top || made === dirname(made)) return
  }
}

/** Flushes what was made, renamed or removed directly inside. */
export function flushDirectory(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
