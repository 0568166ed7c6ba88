/**
 * What a path may mean to a backend. The gateway keeps escapes of reserved characters (`%2F`, `%3B`, `%20`) as they are, but many
 * backends undo them before they look for a handler, and some take `\` for a slash.
 */

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
  const decoded = bytes.toString('utf8')
  const forms = [path, decoded]
  const separated = decoded.replace(/[/\\]+/g, '/')
  if (separated !== decoded) forms.push(separated)
  return forms
}
