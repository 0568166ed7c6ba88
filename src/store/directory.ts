/** Directories that outlive a loss of power: an entry made in a directory is safe once that directory was flushed. */
import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes the directory, readable by its owner alone, and its parents where they are missing.
 *
 * Step by step, because Node's own recursive `mkdirSync` never ends below a directory that answers ENOENT to new entries,
 * as those of `/proc` do: it makes the parent, which is there, and tries again.
 */
export function makeDirectory(path: string): void {
  const full = resolve(path)
  if (isDirectory(full)) return
  const parent = dirname(full)
  if (statSync(parent, { throwIfNoEntry: false }) === undefined) makeDirectory(parent)
  try {
    mkdirSync(full, { mode: 0o700 })
  } catch (error) {
    // Another process may have been quicker.
    if (!isDirectory(full)) throw error
  }
  flushDirectory(parent)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
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
