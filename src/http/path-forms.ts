/**
 * What a path may mean to a backend. The gateway keeps escapes of reserved characters (`%2F`, `%3B`, `%20`) as they are, but many
 * backends undo them before they look for a handler, and some take `\` for a slash.
 */

const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/**
 * The path as it is, and as a backend sees it that undoes escapes. A rule that refuses applies when it fits one of them; one that
 * lets through must fit them all. Bytes that are no UTF-8 become U+FFFD.
 */
export function pathForms(path: string): readonly string[] {
  if (!path.includes('%')) return [path]
  const bytes = Buffer.from(
    path.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  // What no pattern means by a dot stays an escape: a line break must not hide what stands before it.
  const decoded = bytes.toString('utf8').replace(UNSEEN, encodeURIComponent)
  const forms = [path, decoded]
  const separated = decoded.replace(/[/\\]+/g, '/')
  if (separated !== decoded) forms.push(separated)
  return forms
}

/** A pattern of paths as it is written, and with its own escapes undone: the forms of a path that it names fit one of the two. */
export function patternForms(pattern: string): readonly string[] {
  const undone = pattern.replace(/(?:%[0-9a-fA-F]{2})+/g, escapes => {
    const [, decoded = escapes] = pathForms(escapes)
    return decoded.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
  })
  return undone === pattern ? [pattern] : [pattern, undone]
}
