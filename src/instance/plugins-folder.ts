/**
 * The plugins folder: which files it holds, and when they change.
 *
 * Only plain files directly in it count, with the ending of a module and no `.test.` in their name. A version is a hash of the
 * content, so that touching a file changes nothing.
 */
import { createHash } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'

export interface PluginFile {
  readonly path: string
  readonly version: string
}

const MODULE = /^[^.].*(?<!\.test|\.d)\.(?:ts|mts|js|mjs)$/

/** Milliseconds of quiet after a change before the folder is read again. */
const QUIET = 50

/** Files of the folder in name order. Rejects when it cannot be read. */
export async function pluginFiles(folder: string): Promise<readonly PluginFile[]> {
  const root = await realpath(folder)
  const files: PluginFile[] = []
  for (const entry of (await readdir(root, { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    if (!entry.isFile() || !MODULE.test(entry.name)) continue
    const path = join(root, entry.name)
    const version = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
      .slice(0, 16)
    files.push({ path, version })
  }
  return files
}

/** Watches the folder; answers the way to stop. `changed` gets the files whenever they differ from before. */
export function watchPlugins(
  folder: string,
  first: readonly PluginFile[],
  changed: (files: readonly PluginFile[]) => void,
  failed: (error: unknown) => void,
): () => void {
  let known = JSON.stringify(first)
  let timer: NodeJS.Timeout | null = null
  let watcher: FSWatcher | null = null
  const look = async (): Promise<void> => {
    timer = null
    try {
      const files = await pluginFiles(folder)
      const now = JSON.stringify(files)
      if (now === known) return
      known = now
      changed(files)
    } catch (error) {
      failed(error)
    }
  }
  const soon = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => void look(), QUIET)
  }
  try {
    watcher = watch(folder, soon)
    watcher.on('error', failed)
  } catch (error) {
    failed(error)
  }
  return () => {
    watcher?.close()
    if (timer !== null) clearTimeout(timer)
  }
}
