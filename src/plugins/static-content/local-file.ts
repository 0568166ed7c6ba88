/** Files of the machine as content. */
import { constants } from 'node:fs'
import { lstat, open, realpath } from 'node:fs/promises'
import { sep } from 'node:path'
import { mediaType } from './media-types.ts'
import type { ServedContent } from './served-content.ts'

/** Bytes read at a time. */
const PIECE = 65_536

/**
 * The file of this path, or null when there is none. Links are followed; what lies outside of `root`, and what is no plain
 * file, is not there. `root`: real path of a folder.
 */
export async function localFile(
  root: string,
  path: string,
  unknownType: string,
): Promise<ServedContent | 'folder' | null> {
  try {
    const real = await realpath(path)
    if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) return null
    const facts = await lstat(real)
    if (facts.isDirectory()) return 'folder'
    if (!facts.isFile()) return null
    const { size, mtimeMs } = facts
    return {
      size,
      type: mediaType(path) ?? unknownType,
      tag: `"${size.toString(36)}-${Math.floor(mtimeMs * 1000).toString(36)}"`,
      modified: mtimeMs,
      ranges: true,
      read: (start, end) => read(real, size, mtimeMs, start, end),
    }
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

async function* read(
  path: string,
  size: number,
  modified: number,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const facts = await file.stat()
    // What was promised in the head must be what follows.
    if (facts.size !== size || facts.mtimeMs !== modified) throw new Error('the file was changed meanwhile')
    for (let at = start; at < end; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, end - at))
      const { bytesRead } = await file.read(piece, 0, piece.length, at)
      if (bytesRead === 0) throw new Error('the file became shorter')
      yield piece.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await file.close()
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code !== undefined && ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES'].includes(code)
}
