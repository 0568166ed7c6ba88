/** From the path of a request to the name of a file below a root. */

/**
 * Segments of the path with their escapes undone; null for one that could lead out of the root, or that no file can have: dot
 * segments, separators and NUL behind escapes, broken escapes.
 */
export function fileSegments(target: string): readonly string[] | null {
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  const segments: string[] = []
  for (const raw of path.split('/')) {
    if (raw === '') continue
    const segment = decoded(raw)
    if (segment === null || segment === '.' || segment === '..' || /[/\\\0]/.test(segment)) return null
    segments.push(segment)
  }
  return segments
}

/** True when the path names a folder by its end. */
export function namesFolder(target: string): boolean {
  return target.split('?', 1)[0]!.endsWith('/')
}

/** Files beginning with a dot are of tools, not of sites; those of RFC 8615 are meant to be seen. */
export function isHidden(segments: readonly string[]): boolean {
  return segments.some((segment, at) => segment.startsWith('.') && !(at === 0 && segment === '.well-known'))
}

function decoded(text: string): string | null {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
