/** What one instance tells the others of a commit, in pieces that NOTIFY takes (less than 8000 bytes each). */

/** `version` is the transaction's number as rows show it (`xmin`). Null lists: too long to be told, look for it. */
export interface Notice {
  readonly instance: string
  readonly version: string
  readonly written: readonly string[] | null
  readonly removed: readonly string[] | null
}

/** Bytes of a piece, with room for the version that the statement puts before it. */
const maxBytes = 7_900

/** Pieces without their version. */
export function piecesOf(
  instance: string,
  written: readonly string[],
  removed: readonly string[],
): readonly string[] {
  const pieces: string[] = []
  let open: { w: string[]; r: string[]; bytes: number } | null = null
  let untold = false
  const close = () => {
    if (open !== null) pieces.push(`${instance} ${JSON.stringify([open.w, open.r])}`)
    open = null
  }
  const add = (key: string, list: 'w' | 'r') => {
    const bytes = Buffer.byteLength(JSON.stringify(key)) + 1
    if (bytes > maxBytes - 100) {
      untold = true
      return
    }
    if (open !== null && open.bytes + bytes > maxBytes) close()
    open ??= { w: [], r: [], bytes: 100 }
    open[list].push(key)
    open.bytes += bytes
  }
  for (const key of written) add(key, 'w')
  for (const key of removed) add(key, 'r')
  close()
  if (untold) pieces.push(`${instance} null`)
  return pieces
}

/** Null: not a notice of ours. Anybody with access to the database may send anything. */
export function readNotice(text: string): Notice | null {
  const parts = /^(\d{1,20}) ([\w-]{1,64}) (.*)$/s.exec(text)
  if (parts === null) return null
  const [, version = '', instance = '', json = ''] = parts
  try {
    const lists = JSON.parse(json) as unknown
    if (lists === null) return { instance, version, written: null, removed: null }
    if (!Array.isArray(lists) || lists.length !== 2) return null
    const [written, removed] = lists as unknown[]
    return areKeys(written) && areKeys(removed) ? { instance, version, written, removed } : null
  } catch {
    return null
  }
}

function areKeys(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
